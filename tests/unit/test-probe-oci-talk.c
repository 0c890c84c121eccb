/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/oci-probe/talk.h"

#include <glib.h>
#include <string.h>

#include "probe/oci-probe/hpack.h"
#include "probe/oci-probe/json.h"
#include "probe/oci-probe/names.h"
#include "probe/oci-probe/net.h"

/* Text with \xHH for bytes, as C writes it: a string literal's length less its end. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static struct talk talk;

/* What comes of an answer, well (NULL) or why not. It comes whole, or byte by byte. */
static void check_answer(bool (*begin)(void), const uint8_t *data, size_t length,
			 const char *expected)
{
	for (int whole = 0; whole <= 1; whole++) {
		size_t used = 0, piece = whole ? length : 1;
		g_assert_true(begin());
		for (size_t end = MIN(piece, length); talk.verdict == VERDICT_OPEN;
		     end = MIN(end + piece, length)) {
			used += talk_take(&talk, data + used, end - used);
			if (end == length)
				talk_end(&talk);
		}
		if (expected == NULL)
			g_assert_cmpstr(talk.reason, ==, "");
		else
			g_assert_cmpstr(talk.reason, ==, expected);
	}
}

static void check_sent(const uint8_t *data, size_t length)
{
	g_assert_cmpmem(talk.out, talk.out_length, data, length);
	talk.out_length = 0;
}

#define CUT "closed the connection before its answer was whole"

static bool begin_http(void)
{
	return talk_begin_http(&talk, "127.0.0.1:80", "/health?a=b");
}

static void test_http(void)
{
	g_assert_true(begin_http());
	check_sent(BYTES("GET /health?a=b HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"
			 "User-Agent: oci-probe\r\nAccept: */*\r\n"
			 "Connection: close\r\n\r\n"));
	check_answer(begin_http, BYTES("HTTP/1.1 200 OK\r\n"), NULL);
	check_answer(begin_http, BYTES("HTTP/1.0 200\n"), NULL);
	check_answer(begin_http, BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), NULL);
	check_answer(begin_http, BYTES("HTTP/1.1 204 No Content\r\n\r\n"),
		     "answered 204 No Content");
	check_answer(begin_http, BYTES("HTTP/1.1 301 \x1b[2J\xff\r\n"), "answered 301 ?[2J?");
	check_answer(begin_http, BYTES("HTTP/1.1 101 Up\r\n"), "answered 101 Up");
	check_answer(begin_http, BYTES("HTTP/1.1 200 OK"), CUT);
	check_answer(begin_http, BYTES("HTTP/1.1 100 a\r\nb: c\r\n"), CUT);
	check_answer(begin_http, BYTES("HTTP/1.1 20x OK\r\n"), "a malformed status line");
	check_answer(begin_http, BYTES("HTTP/1.1 2000 OK\r\n"), "a malformed status line");
	check_answer(begin_http, BYTES("HTTP/2 200\r\n"), "the answer is not HTTP/1");
	check_answer(begin_http, BYTES("{}"), "the answer is not HTTP/1");
	check_answer(begin_http, BYTES(""), CUT);
}

static void test_http_endless(void)
{
	g_autoptr(GString) text = g_string_new("HTTP/1.1 200 ");
	while (text->len < 1024)
		g_string_append_c(text, 'x');
	check_answer(begin_http, (const uint8_t *)text->str, text->len,
		     "a status line without an end");
	g_string_assign(text, "HTTP/1.1 100 C\r\n");
	while (text->len < 16384)
		g_string_append(text, "a: b\r\n");
	check_answer(begin_http, (const uint8_t *)text->str, text->len, "headers without an end");
}

static void test_http_path(void)
{
	static const char *const bad[] = {"", "a", "/a b", "/a\r\nHost: b", "/\xc3\xbc", "/\x7f"};
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(talk_begin_http(&talk, "127.0.0.1:80", bad[i]));
	g_autofree char *large = g_strnfill(TALK_REQUEST + 1, '/');
	g_assert_false(talk_begin_http(&talk, "127.0.0.1:80", large));
}

static bool begin_zmq(void)
{
	return talk_begin_zmq(&talk, "{}");
}

#define GREETING                                                                                   \
	"\xff\0\0\0\0\0\0\0\0\x7f\3\1NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                         \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define READY "\4\31\5READY\13Socket-Type\0\0\0\3REP"

/* As RFC 37 has it, byte by byte. */
static void test_zmq_sent(void)
{
	g_assert_true(begin_zmq());
	g_assert_cmpuint(talk.out_length, ==, 64);
	talk.out_length = 0;
	g_assert_cmpuint(talk_take(&talk, BYTES(GREETING)), ==, 64);
	check_sent(BYTES("\4\46\5READY\13Socket-Type\0\0\0\3REQ\10Identity\0\0\0\0"));
	talk.out_length = 0;
	g_assert_cmpuint(talk_take(&talk, BYTES(READY)), ==, 27);
	check_sent(BYTES("\1\0\0\2{}"));
	talk_take(&talk, BYTES("\4\12\4PING\0\12abc"));
	check_sent(BYTES("\4\10\4PONGabc"));
	g_autofree char *large = g_strnfill(300, ' ');
	g_assert_true(talk_begin_zmq(&talk, large));
	talk_take(&talk, BYTES(GREETING READY));
	g_assert_cmpmem(talk.out + talk.out_length - 309, 9, "\2\0\0\0\0\0\0\1\54", 9);
}

static void test_zmq(void)
{
	check_answer(begin_zmq, BYTES(GREETING READY "\1\0\0\2{}"), NULL);
	check_answer(begin_zmq, BYTES(GREETING READY "\1\0\1\2[]\0\1x"), NULL);
	check_answer(begin_zmq, BYTES(GREETING READY "\1\0\2\0\0\0\0\0\0\0\2{}"), NULL);
	check_answer(begin_zmq, BYTES(GREETING READY "\4\5\4PING\1\0\0\2{}"), NULL);
	check_answer(begin_zmq, BYTES(GREETING READY "\1\0\1\1x\0\2{}"), "the reply is not JSON");
	check_answer(begin_zmq, BYTES(GREETING READY "\1\0\1\2[]"), CUT);
	check_answer(begin_zmq, BYTES(GREETING READY "\0\2{}"),
		     "a reply without an empty frame before it");
	check_answer(begin_zmq, BYTES(GREETING "\1\0"), "a message before the handshake");
	check_answer(begin_zmq, BYTES(GREETING "\4\2\1X"), "a malformed handshake");
	check_answer(begin_zmq, BYTES(GREETING "\4\31\5READY\13Socket-Type\0\0\0\3PUB"),
		     "is a socket of kind PUB, which answers no request");
	check_answer(begin_zmq, BYTES(GREETING "\4\31\5READY\13Socket-Type\0\0\0\4REP"),
		     "does not say what kind of socket it is");
	check_answer(begin_zmq, BYTES(GREETING "\4\12\5ERROR\3no\n"),
		     "refused the connection: 'no?'");
	check_answer(begin_zmq, BYTES(GREETING READY "\1\0\2\0\0\0\0\0\x20\0\0"),
		     "a frame of more than 1048576 bytes");
	check_answer(begin_zmq, BYTES(GREETING "\5\0"), "a malformed frame");
	check_answer(begin_zmq, BYTES("\xff\0\0\0\0\0\0\0\1\x7f\1"), "speaks ZMTP 1, not 3");
	check_answer(begin_zmq, BYTES("HTTP/1.1 400"), "the answer is not ZeroMQ's");
}

static bool begin_grpc(void)
{
	return talk_begin_grpc(&talk, "127.0.0.1:80", "", 100);
}

#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define HEADERS(length, flags) "\0\0" length "\1" flags "\0\0\0\1"
#define DATA(length, flags) "\0\0" length "\0" flags "\0\0\0\1"
/* ":status: 200", and the trailers "grpc-status: N" */
#define BEGIN SETTINGS HEADERS("\1", "\4") "\x88"
#define END(digit) HEADERS("\17", "\5") "\0\13grpc-status\1" digit

static void test_grpc(void)
{
	check_answer(begin_grpc, BYTES(BEGIN DATA("\7", "\0") "\0\0\0\0\2\10\1" END("0")), NULL);
	check_answer(begin_grpc, BYTES(SETTINGS DATA("\7", "\1") "\0\0\0\0\2\10\1"), NULL);
	check_answer(begin_grpc, BYTES(BEGIN DATA("\7", "\0") "\0\0\0\0\2\10\2" END("0")),
		     "is NOT_SERVING");
	check_answer(begin_grpc, BYTES(BEGIN DATA("\5", "\0") "\0\0\0\0\0" END("0")), "is UNKNOWN");
	check_answer(begin_grpc, BYTES(BEGIN DATA("\7", "\0") "\0\0\0\0\2\10\1" END("4")),
		     "answered DEADLINE_EXCEEDED (4)");
	check_answer(begin_grpc, BYTES(BEGIN DATA("\7", "\0") "\0\0\0\0\2\10\1"), CUT);
	check_answer(begin_grpc, BYTES(BEGIN END("0")), "answered without a whole message");
	check_answer(begin_grpc, BYTES(BEGIN DATA("\7", "\1") "\1\0\0\0\2\10\1"),
		     "answered with a compressed message");
	check_answer(begin_grpc, BYTES(BEGIN DATA("\6", "\1") "\0\0\0\0\1\10"),
		     "answered with a malformed message");
	check_answer(begin_grpc, BYTES(SETTINGS HEADERS("\1", "\5") "\x8d"),
		     "answered HTTP status 404");
	check_answer(begin_grpc, BYTES(SETTINGS HEADERS("\1", "\5") "\x80"), "malformed headers");
	check_answer(begin_grpc, BYTES(SETTINGS "\0\0\4\3\0\0\0\0\1\0\0\0\7"),
		     "gives up the call with error 7");
	check_answer(begin_grpc, BYTES(SETTINGS "\0\0\13\7\0\0\0\0\0\0\0\0\0\0\0\0\2bye"),
		     "goes away with error 2: 'bye'");
	check_answer(begin_grpc, BYTES(SETTINGS "\0\0\0\1\4\0\0\0\3"),
		     "answers on a stream that was not opened");
	check_answer(begin_grpc, BYTES(SETTINGS "\0\0\0\11\4\0\0\0\1"), "a frame out of place");
	check_answer(begin_grpc, BYTES(SETTINGS HEADERS("\1", "\0") "\x88" SETTINGS),
		     "a frame out of place");
	check_answer(begin_grpc, BYTES(SETTINGS DATA("\1", "\10") "\1"), "a malformed frame");
	check_answer(begin_grpc, BYTES(SETTINGS "\0\x40\1\0\0\0\0\0\1"),
		     "a frame of more than 16384 bytes");
	check_answer(begin_grpc, BYTES("\0\0\0\6\0\0\0\0\0"), "the answer is not HTTP/2");
	check_answer(begin_grpc, BYTES("SSH-2.0-OpenSSH"), "the answer is not HTTP/2");
	check_answer(begin_grpc, BYTES("HTTP/1.1 400 Bad\r\n"), "speaks HTTP/1, not HTTP/2");
}

/* Settings and pings are acknowledged, and he who only asks is told off. */
static void test_grpc_asks(void)
{
	static const char ping[] = "\0\0\10\6\0\0\0\0\0abcdefgh";
	g_assert_true(begin_grpc());
	talk.out_length = 0;
	talk_take(&talk, BYTES(SETTINGS "\0\0\10\6\0\0\0\0\0abcdefgh"));
	check_sent(BYTES("\0\0\0\4\1\0\0\0\0\0\0\10\6\1\0\0\0\0abcdefgh"));
	while (talk.verdict == VERDICT_OPEN)
		talk_take(&talk, BYTES(ping));
	g_assert_cmpstr(talk.reason, ==, "asks for more than it takes");
}

static void check_field(const uint8_t *data, size_t length, size_t used, const char *name,
			const char *value)
{
	struct hpack_field field;
	g_assert_cmpuint(hpack_read(data, length, &field), ==, used);
	if (used == 0)
		return;
	g_assert_cmpstr(field.name, ==, name);
	g_assert_cmpstr(field.value, ==, value);
}

/* Examples of RFC 7541, appendix C, and what is none. */
static void test_hpack(void)
{
	check_field(BYTES("\x40\12custom-key\15custom-header"), 26, "custom-key", "custom-header");
	check_field(BYTES("\x10\10password\6secret"), 17, "password", "secret");
	check_field(BYTES("\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8"
			  "\xb4\xbf"),
		    20, "custom-key", "custom-value");
	check_field(BYTES("\x48\x82\x64\x02"), 4, ":status", "302");
	check_field(BYTES("\x88"), 1, ":status", "200");
	check_field(BYTES("\xbe"), 1, "", "");
	check_field(BYTES("\x3f\xe1\x1f"), 3, "", "");
	check_field(BYTES("\x00\x01"), 0, NULL, NULL);
	check_field(BYTES("\x80"), 0, NULL, NULL);
	check_field(BYTES("\xff\xff\xff\xff\xff\xff"), 0, NULL, NULL);
	/* the end of a string in it, padding that is none, a whole byte of it */
	check_field(BYTES("\x48\x84\xff\xff\xff\xff"), 0, NULL, NULL);
	check_field(BYTES("\x48\x81\x64"), 0, NULL, NULL);
	check_field(BYTES("\x48\x83\x64\x02\xff"), 0, NULL, NULL);
}

/* What is too long is cut. */
static void test_hpack_cut(void)
{
	struct hpack_field field;
	GString *block = g_string_new_len("\0\x7f\x2d", 3);
	for (guint i = 0; i < 172; i++)
		g_string_append_c(block, 'n');
	g_string_append_len(block, "\x7f\x2d", 2);
	for (guint i = 0; i < 172; i++)
		g_string_append_c(block, 'v');
	g_assert_cmpuint(hpack_read((const uint8_t *)block->str, block->len, &field), ==,
			 block->len);
	g_assert_cmpuint(strlen(field.name), ==, sizeof field.name - 1);
	g_assert_cmpuint(strlen(field.value), ==, sizeof field.value - 1);
	g_string_free(block, TRUE);
}

static void test_json(void)
{
	static const char *const good[] = {"{}",
					   "[]",
					   " [ 1 , -0.5e+3, true , null ] ",
					   "{\"a\" : {\"b\":[{}]}, \"c\":\"\"}",
					   "0",
					   "-1E9",
					   "\"\\u00e9\\\"\\/\xc3\xa9\xf0\x9f\x98\x80\"",
					   "true"};
	static const char *const bad[] = {"",
					  "{",
					  "[1,]",
					  "{\"a\"}",
					  "{1:2}",
					  "[1 2]",
					  "01",
					  "-",
					  "1.",
					  "1e",
					  "tru",
					  "\"",
					  "\"\\x\"",
					  "\"\\u12g4\"",
					  "\"\t\"",
					  "nan",
					  "[1]]",
					  "[1}",
					  "{\"a\":1,}",
					  "1 2",
					  "\xc3\xa9",
					  "\"\xc3\"",
					  "\"\xc0\x80\"",
					  "\"\xed\xa0\x80\"",
					  "\"\xf4\x90\x80\x80\"",
					  "\"\xff\"",
					  "//",
					  "'a'",
					  ","};
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		if (!json_is_valid((const uint8_t *)good[i], strlen(good[i])))
			g_error("'%s' is JSON", good[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		if (json_is_valid((const uint8_t *)bad[i], strlen(bad[i])))
			g_error("'%s' is no JSON", bad[i]);
	g_assert_false(json_is_valid(BYTES("1\0")));
}

static void test_json_deep(void)
{
	for (gsize depth = JSON_DEPTH; depth <= JSON_DEPTH + 1; depth++) {
		g_autofree char *open = g_strnfill(depth, '['), *close = g_strnfill(depth, ']');
		g_autofree char *text = g_strconcat(open, close, NULL);
		g_assert_true(json_is_valid((const uint8_t *)text, strlen(text)) ==
			      (depth == JSON_DEPTH));
	}
}

static void test_address(void)
{
	static const char *const good[] = {"127.0.0.1:1",  "192.0.2.10:65535",
					   "[::1]:8080",   "[2001:db8::1]:80",
					   "localhost:80", "host.containers.internal:8080"};
	static const char *const bad[] = {"",
					  ":80",
					  "127.0.0.1",
					  "127.0.0.1:",
					  "1.2.3.4:0",
					  "1.2.3.4:65536",
					  "1.2.3.4:80x",
					  "a b:80",
					  "::1:80",
					  "[::1]",
					  "[::1]80",
					  "[::1]8:80",
					  "[1.2.3.4]:80",
					  "1.2.3.4: 80",
					  "1.2.3.4:99999999999999999",
					  "[::1",
					  "[]:80"};
	struct address address;
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		if (!net_parse(good[i], &address))
			g_error("'%s' is an address", good[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		if (net_parse(bad[i], &address))
			g_error("'%s' is no address", bad[i]);
}

static void test_names(void)
{
	static const char text[] = "127.0.0.1\tlocalhost\n"
				   "# 1.1.1.1 not.this\n"
				   "  10.0.2.2 one Host.Containers.Internal two # three\n"
				   "10.0.2.3 two\n"
				   "::1 last";
	static const struct {
		const char *name;
		const char *address;
	} rows[] = {{"localhost", "127.0.0.1"},
		    {"host.containers.internal", "10.0.2.2"},
		    {"two", "10.0.2.2"},
		    {"last", "::1"},
		    {"three", NULL},
		    {"not.this", NULL},
		    {"10.0.2.2", NULL},
		    {"", NULL}};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		char address[16] = "";
		bool found = names_find(text, strlen(text), rows[i].name, address, sizeof address);
		g_assert_cmpstr(found ? address : NULL, ==, rows[i].address);
	}
	char small[8];
	g_assert_false(names_find(text, strlen(text), "localhost", small, sizeof small));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/probe/oci-talk/http", test_http);
	g_test_add_func("/probe/oci-talk/http-endless", test_http_endless);
	g_test_add_func("/probe/oci-talk/http-path", test_http_path);
	g_test_add_func("/probe/oci-talk/zmq-sent", test_zmq_sent);
	g_test_add_func("/probe/oci-talk/zmq", test_zmq);
	g_test_add_func("/probe/oci-talk/grpc", test_grpc);
	g_test_add_func("/probe/oci-talk/grpc-asks", test_grpc_asks);
	g_test_add_func("/probe/oci-talk/hpack", test_hpack);
	g_test_add_func("/probe/oci-talk/hpack-cut", test_hpack_cut);
	g_test_add_func("/probe/oci-talk/json", test_json);
	g_test_add_func("/probe/oci-talk/json-deep", test_json_deep);
	g_test_add_func("/probe/oci-talk/address", test_address);
	g_test_add_func("/probe/oci-talk/names", test_names);
	return g_test_run();
}
