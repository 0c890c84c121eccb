# SPDX-License-Identifier: Apache-2.0
# error-text.awk: reads what strip.awk -v strings=1 prints and reports error texts that begin with
# a capital (names in capitals pass), or end with a full stop, a colon, a space or a new line.
{
	match($0, /^[^:]*:[0-9]*:/)
	where = substr($0, 1, RLENGTH)
	code = substr($0, RLENGTH + 1)
	if (call == "" && match(code, /smith_throw[a-z_]*[ \t]*\(/) && code !~ /^[a-z]/) {
		call = substr(code, RSTART)
		place = where
	} else if (call != "") {
		call = call " " code
	}
	if (call != "" && code ~ /;[ \t]*$/) {
		check(call)
		call = ""
	}
}
function check(text, format) {
	if (!match(text, /"/))
		return
	text = substr(text, RSTART)
	format = ""
	# adjacent strings are one; PRIu64 and its kin stand between them
	while (match(text, /^("([^"\\]|\\.)*"|[ \t]+|PRI[a-zA-Z0-9]+|G_G[A-Z0-9]+_FORMAT|[A-Z][A-Z0-9_]*[ \t]+")/)) {
		piece = substr(text, 1, RLENGTH)
		if (piece ~ /^[A-Z].*"$/) {
			text = substr(text, RLENGTH)
			format = format "%"
			continue
		}
		if (piece ~ /^"/)
			format = format substr(piece, 2, RLENGTH - 2)
		text = substr(text, RLENGTH + 1)
	}
	if (format ~ /^[A-Z][a-z]+( |$)/)
		report("begins with a capital", format)
	if (format ~ /[^.]\.$/ || format ~ /[: ]$/ || format ~ /\\n$/)
		report("ends with a full stop, colon, space or new line", format)
}
function report(what, format) { print place " error text " what ": \"" format "\""; bad = 1 }
END { exit bad }
