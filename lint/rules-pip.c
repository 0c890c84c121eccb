/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: requirements, wheels and imports. */
const SmithRule smith_rules_pip[] = {
	{"bad-marker", SMITH_SEVERITY_ERROR, "a marker cannot be evaluated",
	 "A requirement's marker cannot be evaluated for the base's interpreter and platform: it\n"
	 "compares what cannot be compared, or names what there is not.\n"
	 "\n"
	 "    numpy==1.26.4; python_version > \"x\"\n"
	 "\n"
	 "Markers are those of PEP 508.\n"},
	{"bad-wheel", SMITH_SEVERITY_ERROR, "a wheel cannot be read, or is not what it says",
	 "A wheel cannot be read, or is not what its name and its own record say: damaged, cut\n"
	 "off, or put together by hand. pip would install it or fail in the middle.\n"
	 "\n"
	 "    wheels/demo-1.0-py3-none-any.whl: 'demo/x.py' has another digest than RECORD says\n"
	 "\n"
	 "Fetch it again, or build it again with a tool that writes RECORD.\n"},
	{"collision", SMITH_SEVERITY_ERROR,
	 "two wheels of one set install one path with different content",
	 "Two wheels of one set install the same path with different content. Which one wins\n"
	 "depends on the order, and one of the distributions is broken: opencv-python and its\n"
	 "-headless variant are the best known of them.\n"
	 "\n"
	 "    opencv-python==4.10.0.84\n"
	 "    opencv-python-headless==4.10.0.84\n"
	 "\n"
	 "Keep one of them.\n"},
	{"conflict", SMITH_SEVERITY_ERROR,
	 "two pins, or a pin and what a wheel requires, cannot both hold",
	 "Two pins cannot both hold: within one set, along a chain of families (a service has\n"
	 "all that its family has), or a pin and what a wheel requires.\n"
	 "\n"
	 "    families.d/web.yaml:  pip: [pydantic==2.7.4]\n"
	 "    services: {Memory: {family: web, pip: [pydantic==1.10.13]}}\n"
	 "\n"
	 "Agree on one version, move the pin to the services that need it, or use another\n"
	 "family.\n"},
	{"development-requirement", SMITH_SEVERITY_WARNING,
	 "a tool of development is among what is run",
	 "A tool that develops, tests or documents a program is among what is run: pytest,\n"
	 "black, mypy, jupyter. It makes the image larger, and gives an intruder more to work\n"
	 "with.\n"
	 "\n"
	 "    requirements/web.txt:  pytest==8.3.3\n"
	 "\n"
	 "Keep tools in a file of their own that no 'pip' names.\n"},
	{"gpu-family-without-import", SMITH_SEVERITY_WARNING,
	 "a service has a family of GPUs and imports nothing that needs one",
	 "A service has a family of GPUs, and nothing that its program imports computes on one.\n"
	 "Such images are some ten times as large: of 23 services of one fleet that had such a\n"
	 "family, 3 used it.\n"
	 "\n"
	 "    GoalManager: {family: family-torch-cu121, app: {script: goal_manager.py}}\n"
	 "\n"
	 "Use a family without CUDA. Imports in functions are seen, those that are made up at\n"
	 "run time are not; when there are some, allow the finding.\n"},
	{"gpu-import-without-family", SMITH_SEVERITY_WARNING,
	 "a service imports what needs a GPU and its family is none of GPUs",
	 "A program imports a framework that computes on GPUs, and its family is not one of\n"
	 "GPUs. It either fails, or it computes on the processor without a word.\n"
	 "\n"
	 "    TinyLlama: {family: family-web, app: {script: tiny_llama.py}}   # imports torch\n"
	 "\n"
	 "Use a family with 'gpu', or allow the finding when a build for processors is what is\n"
	 "wanted.\n"},
	{"hash-mismatch", SMITH_SEVERITY_ERROR,
	 "a wheel's SHA-256 is not among the hashes of its requirement",
	 "The wheel's SHA-256 is not among the hashes of its requirement: it is another file\n"
	 "than the one that was reviewed, or the hashes are those of another version.\n"
	 "\n"
	 "    demo==1.0 --hash=sha256:0f8e...\n"
	 "\n"
	 "Find out which of both is right before you change a hash.\n"},
	{"import-not-required", SMITH_SEVERITY_WARNING,
	 "a program imports what no requirement brings",
	 "On the way to its first line a program imports what neither its own requirements nor\n"
	 "its family's bring. The container would exit at once, with ModuleNotFoundError.\n"
	 "\n"
	 "    main.py:3 -> common/bus.py:1: import nats\n"
	 "\n"
	 "Add the distribution (here nats-py) to the 'pip' of the service or of a family.\n"
	 "Imports inside of try and of functions are not asked for.\n"},
	{"missing-wheel", SMITH_SEVERITY_ERROR,
	 "a requirement has no wheel that fits, or a wheel needs what is not pinned",
	 "A requirement has no wheel that fits the base's interpreter, platform and C library,\n"
	 "or a wheel requires a distribution that nobody pins. Nothing is compiled while images\n"
	 "are built.\n"
	 "\n"
	 "    netifaces==0.11.0       # there is only a source archive\n"
	 "\n"
	 "Build the wheel once ('pip wheel') and put it into a directory of 'wheels.find_links',\n"
	 "take another version, or pin what is missing.\n"},
	{"module-broken", SMITH_SEVERITY_WARNING,
	 "a module that a program may import does not parse",
	 "A module that a program may import, inside of a function or of try, does not parse.\n"
	 "'except ImportError' does not catch a SyntaxError.\n"
	 "\n"
	 "    config_loader.py:14: unexpected indent\n"
	 "\n"
	 "Mend it, or remove what imports it.\n"},
	{"module-missing", SMITH_SEVERITY_ERROR,
	 "a program imports a module of the fleet that is not there",
	 "On the way to its first line a program imports a module that would be one of the\n"
	 "fleet's, and is not there: a package without that part, a relative import that leads\n"
	 "nowhere.\n"
	 "\n"
	 "    app.py:7: from transport.zmq_stream import Stream\n"
	 "\n"
	 "Add the file, or correct the import. A script finds modules in its own directory and\n"
	 "in /app; relative imports work in packages only, with 'module' instead of 'script'.\n"},
	{"module-not-copied", SMITH_SEVERITY_ERROR,
	 "a module that a program imports is not among the files of its image",
	 "On the way to its first line a program imports a file of the fleet that is in no path\n"
	 "of its 'app.files'. The image would lack it, and the container would exit at once.\n"
	 "\n"
	 "    app: {script: hub/app.py, files: [hub]}      # which imports common/base.py\n"
	 "\n"
	 "Add the path, or the directory that it is in.\n"},
	{"not-pinned", SMITH_SEVERITY_ERROR, "a requirement has no exact version",
	 "A requirement has no exact version. What it means would depend on the day, and the\n"
	 "lock could not be compared with the fleet.\n"
	 "\n"
	 "    redis>=5                # redis==5.0.1\n"
	 "\n"
	 "Pin it by '=='; 'pip-compile' writes such files.\n"},
	{"pylock", SMITH_SEVERITY_ERROR, "a pylock.toml cannot be read, or is for something else",
	 "A pylock.toml cannot be read, is for another Python or environment than the base has,\n"
	 "or has a package that is no wheel and no source distribution.\n"
	 "\n"
	 "    [[packages]]\n"
	 "    name = \"demo\"\n"
	 "    vcs = { type = \"git\" }      # wheels = [...]\n"
	 "\n"
	 "Lock it again for that Python, from wheels and source distributions.\n"},
	{"requirement", SMITH_SEVERITY_ERROR, "a requirement cannot be read",
	 "A requirement cannot be read.\n"
	 "\n"
	 "    fastapi=0.92.0          # fastapi==0.92.0\n"
	 "    \"numpy 1.26\"            # numpy==1.26.4\n"
	 "\n"
	 "One requirement is one line: a name, extras in brackets, '==' and a version, a marker\n"
	 "behind ';'.\n"},
	{"requirement-duplicate", SMITH_SEVERITY_WARNING,
	 "a distribution is required twice in one chain",
	 "A distribution is required twice in one file, or in files that one of them includes.\n"
	 "Who changes one of the lines wonders why nothing happens.\n"
	 "\n"
	 "    numpy==1.26.4\n"
	 "    Numpy==1.26.4           # names do not differ in case, '-', '_' and '.'\n"
	 "\n"
	 "Keep one. Lines with markers do not count.\n"},
	{"requirement-file-copied", SMITH_SEVERITY_WARNING,
	 "unlike services have requirement files of one content",
	 "Two services have requirement files with the same content. Either both need the same,\n"
	 "then one file for both says so; or one was copied and never made right.\n"
	 "\n"
	 "    requirements/memory.txt and requirements/vision.txt\n"
	 "\n"
	 "Name one file in both services, or move what is common into a family.\n"},
	{"requirement-hash", SMITH_SEVERITY_ERROR,
	 "a hash is none, or is made up, or only some requirements have one",
	 "A hash is not one: not 64 hex digits, one digit or a pattern repeated, or only some\n"
	 "requirements of the file have one while pip asks for all. Some locks look real and\n"
	 "were never computed.\n"
	 "\n"
	 "    redis==5.0.1 --hash=sha256:abcdef123456789abcdef123456789...\n"
	 "\n"
	 "Let a tool compute them: 'pip-compile --generate-hashes', 'pip hash FILE'.\n"},
	{"requirement-include", SMITH_SEVERITY_ERROR, "a file that -r or -c names cannot be read",
	 "A file that '-r' or '-c' names cannot be read, or includes itself.\n"
	 "\n"
	 "    -r ../common.txt        # relative to the file that says so, and inside of the "
	 "fleet\n"
	 "\n"
	 "Correct the path.\n"},
	{"requirement-option", SMITH_SEVERITY_ERROR,
	 "an option that a requirement file cannot have",
	 "An option of a requirement file is not known, lacks its value, or stands where it has\n"
	 "no place.\n"
	 "\n"
	 "    --hash=sha256:...       # belongs behind a requirement\n"
	 "\n"
	 "The options are those of pip's requirement files.\n"},
	{"requirement-python", SMITH_SEVERITY_WARNING,
	 "a requirement file was made for another Python than the family's",
	 "A requirement file says that it was made for another Python than the base of its\n"
	 "family has. Versions were chosen for that one: some may have no wheel, and what older\n"
	 "Pythons need in addition is missing.\n"
	 "\n"
	 "    # This file is autogenerated by pip-compile with Python 3.13       (base: 3.11)\n"
	 "\n"
	 "Make it again with the interpreter of the base.\n"},
	{"requirement-unsupported", SMITH_SEVERITY_ERROR,
	 "a requirement that is legal and cannot be locked",
	 "pip understands this requirement or option, and it cannot be locked: a directory, a\n"
	 "repository, a URL, or what makes the result depend on where it is built.\n"
	 "\n"
	 "    -e .\n"
	 "    git+https://example.org/lib.git\n"
	 "\n"
	 "Build a wheel of it ('pip wheel') and put it into a directory of 'wheels.find_links'.\n"},
	{"requirement-unused", SMITH_SEVERITY_NOTE,
	 "a requirement is imported by no program that has it",
	 "Nothing that the program imports is of this distribution, and no other one requires\n"
	 "it. It may be a left-over, or something that is found by its name at run time, as\n"
	 "plugins are.\n"
	 "\n"
	 "    pip: [openai==1.51.0]       # and no 'import openai'\n"
	 "\n"
	 "Remove it, or leave it: this is a note.\n"},
	{"requirement-variable", SMITH_SEVERITY_ERROR,
	 "a requirement file uses a variable of the environment",
	 "A requirement file uses a variable of the environment. What is locked would depend on\n"
	 "who locks it.\n"
	 "\n"
	 "    demo==${DEMO_VERSION}\n"
	 "\n"
	 "Write the version.\n"},
	{"wheel-source", SMITH_SEVERITY_WARNING,
	 "a requirement file names an index or a directory of wheels",
	 "A requirement file names an index or a directory of wheels. Those are the fleet's to\n"
	 "say, once for all; the line is not used.\n"
	 "\n"
	 "    --extra-index-url https://download.pytorch.org/whl/cu121\n"
	 "\n"
	 "Put it into 'wheels' of fleet.yaml.\n"},
	{"wrong-python", SMITH_SEVERITY_ERROR, "a wheel needs another Python than the base has",
	 "A wheel says that it needs another Python than the base has. pip would refuse it.\n"
	 "\n"
	 "    'demo 2.0' needs Python '>=3.12', base 'python:3.11-slim' has 3.11.9\n"
	 "\n"
	 "Take a version that still knows this Python, or another base.\n"},
	{0},
};
