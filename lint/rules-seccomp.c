/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/rules.h"

/* Rules: what a fleet's own seccomp profiles say, and what services make of profiles. Those of
 * files are found by seccomp/profile-lint.h. */
const SmithRule smith_rules_seccomp[] = {
	{"seccomp-arch-gap", SMITH_SEVERITY_WARNING,
	 "a profile allows a call and not its like on arm64",
	 "A profile allows a call that arm64 does not have, and not the one that programs make "
	 "there\n"
	 "instead. Younger C libraries make that one on amd64 as well: an update of the image is\n"
	 "enough to break the service.\n"
	 "\n"
	 "    {\"names\": [\"open\"], \"action\": \"SCMP_ACT_ALLOW\"}          # and not "
	 "\"openat\"\n"
	 "\n"
	 "Allow both.\n"},
	{"seccomp-archs", SMITH_SEVERITY_NOTE, "a profile names architectures that are not kept",
	 "A profile asks for further architectures, such as i386 on amd64. Their calls have other\n"
	 "numbers; what ocismith writes lets in calls of amd64 on amd64 and of arm64 on arm64 "
	 "only.\n"
	 "\n"
	 "    {\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": "
	 "[\"SCMP_ARCH_X86\"]}\n"
	 "\n"
	 "Take them away, unless the same file is also for something else.\n"},
	{"seccomp-duplicate", SMITH_SEVERITY_WARNING,
	 "two rules of a profile are about the same calls",
	 "Two rules of a profile are about the same calls: one of them says nothing, or they\n"
	 "contradict each other, and which one holds is a matter of the runtime.\n"
	 "\n"
	 "    {\"names\": [\"acct\"], \"action\": \"SCMP_ACT_ALLOW\"}\n"
	 "    {\"names\": [\"acct\"], \"action\": \"SCMP_ACT_ERRNO\"}\n"
	 "\n"
	 "Keep one. What is included needs not be said again.\n"},
	{"seccomp-errno", SMITH_SEVERITY_WARNING,
	 "a profile refuses with another error than ENOSYS",
	 "A profile answers what it does not allow with another error than ENOSYS. Libraries try\n"
	 "young calls first and take older ones when the kernel does not have them, which only\n"
	 "ENOSYS says; with EPERM they give up.\n"
	 "\n"
	 "    \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1\n"
	 "\n"
	 "Say 'defaultErrnoRet: 38', or include a profile that does.\n"},
	{"seccomp-escape", SMITH_SEVERITY_WARNING, "a profile allows a way around itself",
	 "A profile allows a call that makes namespaces, enters those of others, or passes by the\n"
	 "filter. In a user namespace of its own a program may ask the kernel for what else is\n"
	 "root's, and most holes of the last years were reached that way.\n"
	 "\n"
	 "    {\"names\": [\"clone\", \"unshare\"], \"action\": \"SCMP_ACT_ALLOW\"}\n"
	 "\n"
	 "Leave it out; of clone allow what the baseline does: (argument 0 & 0x7e020000) == 0.\n"},
	{"seccomp-narrower", SMITH_SEVERITY_WARNING,
	 "a service's profile refuses calls that its family's allows",
	 "The profile of a service stands in for its family's, it is not added to it. Here it "
	 "lacks\n"
	 "calls that the family has for a reason: a service of a GPU family under 'audio' has "
	 "sound,\n"
	 "and no GPU.\n"
	 "\n"
	 "    families.d/torch.yaml:  seccomp: gpu\n"
	 "    services: {TTS: {family: torch, seccomp: audio}}\n"
	 "\n"
	 "Name both: 'seccomp: [audio, gpu]' allows what either allows. A file of the fleet's "
	 "own,\n"
	 "seccomp/NAME.json, is taken to be narrow on purpose, as recorded profiles are.\n"},
	{"seccomp-never", SMITH_SEVERITY_WARNING, "a rule of a profile never holds",
	 "A rule of a profile can hold for no call: its comparison is of no number, another rule "
	 "is\n"
	 "about all calls of that name, it says what the default says, or neither amd64 nor arm64\n"
	 "has the call.\n"
	 "\n"
	 "    {\"names\": [\"kill\"], \"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_LT\", "
	 "\"value\": 0}], ...}\n"
	 "\n"
	 "Correct the comparison (of SCMP_CMP_MASKED_EQ the mask is 'value'), or take it away.\n"},
	{"seccomp-no-reason", SMITH_SEVERITY_NOTE,
	 "a rule of a profile does not say what it is for",
	 "A rule of a profile has no comment. What nobody knows the reason of, nobody dares to "
	 "take\n"
	 "away again.\n"
	 "\n"
	 "    {\"names\": [\"mlockall\"], \"action\": \"SCMP_ACT_ALLOW\"}\n"
	 "\n"
	 "Add it: '\"comment\": \"buffers that must not be swapped out\"'. 'ocismith seccomp "
	 "explain'\n"
	 "shows it.\n"},
	{"seccomp-profile", SMITH_SEVERITY_ERROR, "a seccomp profile cannot be used",
	 "A file below seccomp/ is no profile: not JSON, with keys or values that none has, or "
	 "with\n"
	 "includes that there are not or that contradict each other. The same is said of profiles\n"
	 "that one service has together.\n"
	 "\n"
	 "    seccomp: [strict, web]                 # 'strict' kills what 'web' allows\n"
	 "\n"
	 "Correct it; where two contradict each other, write one that includes both and says "
	 "which\n"
	 "holds.\n"},
	{"seccomp-repeated-argument", SMITH_SEVERITY_WARNING,
	 "a rule of a profile compares an argument twice",
	 "A rule compares one argument twice. Runtimes then make a rule of each comparison, so "
	 "that\n"
	 "either of them is enough where both were meant.\n"
	 "\n"
	 "    \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_GE\", \"value\": 1},\n"
	 "             {\"index\": 0, \"op\": \"SCMP_CMP_LE\", \"value\": 3}]\n"
	 "\n"
	 "Write a masked comparison, or a rule for each value.\n"},
	{"seccomp-unknown-call", SMITH_SEVERITY_WARNING, "a profile names a call that there is not",
	 "A profile names a call that neither libseccomp nor ocismith has heard of. Podman leaves "
	 "it\n"
	 "out without a word, and what was meant is refused.\n"
	 "\n"
	 "    {\"names\": [\"opennat\"], \"action\": \"SCMP_ACT_ALLOW\"}\n"
	 "\n"
	 "Correct the name; 'ocismith seccomp explain PROFILE CALL' says what is known of a "
	 "call.\n"},
	{"seccomp-wide", SMITH_SEVERITY_WARNING, "a profile allows what no service needs",
	 "A profile allows a call that is for those who run the machine, or everything that it "
	 "does\n"
	 "not name. Most of these calls ask for capabilities that services do not have; the "
	 "filter\n"
	 "is there for the day on which that check has a hole.\n"
	 "\n"
	 "    {\"names\": [\"mount\", \"bpf\"], \"action\": \"SCMP_ACT_ALLOW\"}\n"
	 "\n"
	 "Leave it out, or allow the finding with its reason in fleet.yaml.\n"},
	{0},
};
