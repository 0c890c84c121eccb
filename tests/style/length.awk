# SPDX-License-Identifier: Apache-2.0
# length.awk FILE...: functions longer than 80 lines (body, braces included) and files that are
# longer than 800; tests may be long files.
function file_end() {
	if (file != "" && file !~ /(^|\/)tests\// && lines > 800)
		report(file ": " lines " lines, at most 800")
}
FNR == 1 { file_end(); file = FILENAME; start = 0 }
{ lines = FNR }
/^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
/^\{/ { start = FNR }
/^\}$/ && start {
	if (FNR - start + 1 > 80)
		report(FILENAME ":" start ": " name "() has " FNR - start + 1 " lines, at most 80")
	start = 0
}
function report(text) { print text; bad = 1 }
END { file_end(); exit bad }
