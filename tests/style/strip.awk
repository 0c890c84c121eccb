# SPDX-License-Identifier: Apache-2.0
# strip.awk FILE...: C as FILE:LINE:code without comments and without what is in strings and
# character constants; with -v strings=1 strings are kept.
FNR == 1 { comment = 0 }
{
	out = ""
	line = $0
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			line = end ? substr(line, end + 2) : ""
			comment = !end
		} else if (match(line, /^[^"'\/]+/)) {
			out = out substr(line, 1, RLENGTH)
			line = substr(line, RLENGTH + 1)
		} else if (match(line, /^"([^"\\]|\\.)*"/)) {
			out = out (strings ? substr(line, 1, RLENGTH) : "\"\"")
			line = substr(line, RLENGTH + 1)
		} else if (match(line, /^'([^'\\]|\\.)[^']*'/)) {
			out = out "' '"
			line = substr(line, RLENGTH + 1)
		} else if (substr(line, 1, 2) == "/*") {
			comment = 1
			line = substr(line, 3)
		} else if (substr(line, 1, 2) == "//") {
			line = ""
		} else {
			out = out substr(line, 1, 1)
			line = substr(line, 2)
		}
	}
	print FILENAME ":" FNR ":" out
}
