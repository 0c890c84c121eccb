/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: what goes into images. */
const SmithRule smith_rules_image[] = {
	{"app-file-missing", SMITH_SEVERITY_ERROR, "a path of app.files does not exist",
	 "A path of 'app.files' does not exist below the fleet's directory, and a build would\n"
	 "stop when it comes to it.\n"
	 "\n"
	 "    app: {script: web.py, files: [web.py, confg]}     # config\n"
	 "\n"
	 "Paths are relative to the directory of fleet.yaml, whatever the service is called.\n"},
	{"app-path", SMITH_SEVERITY_ERROR, "a path of app leads out of the fleet",
	 "A path of 'app' begins with '/' or leads out of the fleet's directory. Images hold\n"
	 "what is in the fleet, so that two people build the same.\n"
	 "\n"
	 "    app: {script: /app/web.py}          # web.py\n"
	 "    app: {files: [../common]}           # move it below fleet.yaml\n"
	 "\n"
	 "What is at PATH in the fleet is at /app/PATH in the image.\n"},
	{"asgi-form", SMITH_SEVERITY_ERROR, "an asgi program is not written 'module:attribute'",
	 "An ASGI program is named by its module and the attribute that holds it, with a colon\n"
	 "between.\n"
	 "\n"
	 "    app: {asgi: app.web}            # \"app.web:app\"\n"
	 "\n"
	 "Quote it, for a colon means something to YAML.\n"},
	{"bad-reference", SMITH_SEVERITY_ERROR, "an image reference is not legal",
	 "An image reference is not legal: registries would refuse it, most of them after\n"
	 "everything has been built.\n"
	 "\n"
	 "    image: redis:7@sha256:1234                  # 64 hex digits\n"
	 "    registry: ghcr.io/Acme                      # lower case\n"
	 "\n"
	 "Write DOMAIN/PATH:TAG, with '@sha256:...' behind it to pin it; 'oci:DIR',\n"
	 "'oci-archive:FILE' or 'docker-archive:FILE' for images on disk.\n"},
	{"empty-command", SMITH_SEVERITY_ERROR, "a command names no program",
	 "'exec' is empty or begins with an empty word, so that there is nothing to run.\n"
	 "\n"
	 "    app: {exec: []}\n"
	 "    health: {exec: [python3, check.py]}\n"
	 "\n"
	 "Give the program and its arguments, each a word of the list.\n"},
	{"ignore-hides-app", SMITH_SEVERITY_ERROR, "an ignore file hides what a service copies",
	 "A line of the ignore file hides what a service copies or imports: the file is there,\n"
	 "and the image would lack it. People have looked for this in paths, contexts and\n"
	 "credentials for a whole night.\n"
	 "\n"
	 "    .containerignore:     **\n"
	 "                          !main.py\n"
	 "    app: {files: [main.py, config]}\n"
	 "\n"
	 "Add '!config' behind the line that the finding names. The last line that matches\n"
	 "decides.\n"},
	{"ignore-invalid", SMITH_SEVERITY_ERROR, "an ignore file has a pattern that cannot be read",
	 "The ignore file has a pattern that cannot be read. No file could be copied then, since\n"
	 "nobody knows what it was to hide.\n"
	 "\n"
	 "    [a-                     # a bracket that is not closed\n"
	 "\n"
	 "'*' and '?' match within a name, '**' any number of directories, '[a-z]' one\n"
	 "character.\n"},
	{"ignore-root-only", SMITH_SEVERITY_WARNING,
	 "an ignore pattern that looks like git's matches at the root only",
	 "In an ignore file of containers every pattern holds from the root. One that is written\n"
	 "as for git hides nothing below: byte code, caches and tests of all packages are\n"
	 "copied.\n"
	 "\n"
	 "    __pycache__/            # **/__pycache__\n"
	 "    *.pyc                   # **/*.pyc\n"
	 "\n"
	 "Write '**/' in front of what is meant everywhere.\n"},
	{"image-mutable-tag", SMITH_SEVERITY_WARNING, "an image is named by a tag that moves",
	 "An image is named without a tag, or by the tag 'latest', and is whatever is the latest\n"
	 "when somebody looks. A base is what the lock was made with, but nobody sees which\n"
	 "version that is.\n"
	 "\n"
	 "    from: docker.io/library/python          # python:3.11-slim\n"
	 "    image: docker.io/library/redis:latest   # redis:7-alpine@sha256:...\n"
	 "\n"
	 "Say the version in the tag, and pin images of others by their digest.\n"},
	{"image-not-pinned", SMITH_SEVERITY_WARNING,
	 "an upstream image is not pinned by its digest",
	 "An image of others is pulled by its tag. Two hosts may run two different ones, and a\n"
	 "tag that has moved changes what runs without anything in the fleet having changed. The\n"
	 "lock pins bases of families, but not these.\n"
	 "\n"
	 "    image: docker.io/library/redis:7-alpine\n"
	 "\n"
	 "Write the digest behind it: 'skopeo inspect --format {{.Digest}} docker://IMAGE' says\n"
	 "it.\n"},
	{"image-with-app", SMITH_SEVERITY_ERROR,
	 "a service of an upstream image says what goes into an image of ours",
	 "A service has an upstream 'image', which is run as it is, and says what would go into\n"
	 "an image of ours: a program, files or requirements. None of that would be in the\n"
	 "container.\n"
	 "\n"
	 "    redis: {image: \"redis@sha256:...\", pip: [hiredis==3.0.0]}\n"
	 "\n"
	 "'app.exec' is the command instead of the image's own. To add to an image make it the\n"
	 "base ('from') of a family.\n"},
	{"secret-file-in-context", SMITH_SEVERITY_WARNING,
	 "a file whose name is one of credentials would be copied into an image",
	 "A file among those that would be copied has a name by which people keep credentials:\n"
	 ".env, .netrc, id_rsa. Whoever can pull the image has it then, also when a later layer\n"
	 "removes it.\n"
	 "\n"
	 "    app: {files: [.]}               # with a .env in it\n"
	 "\n"
	 "Hide it in .containerignore ('**/.env'), and give the program a secret.\n"},
	{"secret-in-context", SMITH_SEVERITY_ERROR,
	 "a private key or an access token would be copied into an image",
	 "A file that would be copied holds what looks like a private key or an access token.\n"
	 "Whoever can pull the image has it then, also when a later layer removes it.\n"
	 "\n"
	 "    lib/client.py:12:  TOKEN = \"ghp_...\"\n"
	 "\n"
	 "Make it a secret ('podman secret create', 'secrets' of the service), hide the file in\n"
	 ".containerignore, and revoke what has been in a repository already.\n"},
	{"secret-in-env", SMITH_SEVERITY_WARNING,
	 "an environment value is a secret, or looks like one",
	 "A value of 'env', of variables or of arguments is a credential by its shape, by its\n"
	 "name or as the password of an address. It stands in the fleet's files, in units and\n"
	 "images, and in what 'podman inspect' says.\n"
	 "\n"
	 "    env: {API_KEY: s3cret-value}\n"
	 "\n"
	 "Make it a secret: 'secrets: {API_KEY: {as: env}}' in the fleet, 'secrets: [API_KEY]'\n"
	 "in the service, and 'podman secret create API_KEY -' on the host.\n"},
	{"smoke-missing", SMITH_SEVERITY_WARNING, "the smoke program of a family does not exist",
	 "A family names a Python file that 'ocismith smoke --families' runs in its image, and\n"
	 "there is no such file below the fleet's directory.\n"
	 "\n"
	 "    family: family-web\n"
	 "    smoke: smoke/wbe.py            # smoke/web.py\n"
	 "\n"
	 "Correct the path, or leave 'smoke' out: what is installed is imported, and what the\n"
	 "profile is for is tried, in any case.\n"},
	{"supervised-families", SMITH_SEVERITY_WARNING,
	 "members of a supervised group have another family than the group",
	 "All members of a supervised group run in one container of one image, which is of the\n"
	 "group's family. A member that says another family does not get it: what that family\n"
	 "brings is missing.\n"
	 "\n"
	 "    groups: {emotion: {mode: supervised, family: web, services: [Mood]}}\n"
	 "    services: {Mood: {family: gpu, ...}}\n"
	 "\n"
	 "Give the group the family that suits all of them, or put the member into another\n"
	 "group.\n"},
	{0},
};
