#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""backend-sdists.py WHEELS DIR: source distributions into DIR, each made by a build backend out of the wheels WHEELS.

of-flit 1.2 takes version and description from its module and requires of-poetry; of-poetry 1.0 has poetry's own metadata
and requires of-hatch; of-hatch 2.1 takes its version from a file and has a build hook, which requires `helper`; of-c 1.0 is
setuptools' extension in C.
"""
import glob
import os
import subprocess
import sys
import tempfile
import zipfile

SOURCES = {
    'flit_core.buildapi': {
        'pyproject.toml': '''
[build-system]
requires = ["flit_core>=3.2,<4"]
build-backend = "flit_core.buildapi"
[project]
name = "of-flit"
dynamic = ["version", "description"]
dependencies = ["of-poetry>=1"]
scripts = {of-flit = "of_flit:main"}
''',
        'of_flit/__init__.py': '"""Built by flit."""\nimport of_poetry\n__version__ = "1.2"\n\n\n'
                               'def main():\n    print("flit", __version__, of_poetry.words())\n'},
    'poetry.core.masonry.api': {
        'pyproject.toml': '''
[build-system]
requires = ["poetry-core~=1.4"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
name = "of-poetry"
version = "1.0.0"
description = "Built by poetry."
authors = ["t <t@example.org>"]
packages = [{include = "of_poetry", from = "src"}]
[tool.poetry.dependencies]
python = ">=3.9"
of-hatch = "^2.0"
''',
        'src/of_poetry/words.txt': 'some words\n',
        'src/of_poetry/__init__.py': 'import pathlib\n\nimport of_hatch\n\n\n'
                                     'def words():\n    return pathlib.Path(__file__).with_name("words.txt").read_text(), '
                                     'of_hatch.MADE\n'},
    'hatchling.build': {
        'pyproject.toml': '''
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "of-hatch"
dynamic = ["version"]
[tool.hatch.version]
path = "of_hatch/about.py"
[tool.hatch.build.targets.wheel]
artifacts = ["of_hatch/made.py"]
[tool.hatch.build.targets.wheel.hooks.custom]
dependencies = ["helper>=1"]
''',
        'hatch_build.py': '''
import os
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        import helper
        with open(os.path.join(self.root, "of_hatch/made.py"), "w") as f:
            f.write("MADE = %r\\n" % helper.VERSION)
''',
        'of_hatch/about.py': '__version__ = "2.1"\n',
        'of_hatch/__init__.py': 'from .made import MADE\n'},
    'setuptools.build_meta': {
        'pyproject.toml': '''
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "of-c"
version = "1.0"
''',
        'setup.py': 'from setuptools import Extension, setup\nsetup(ext_modules=[Extension("of_c", ["of_c.c", "sum.c"])])\n',
        'sum.c': 'long sum(long a, long b)\n{\n\treturn a + b;\n}\n',
        'of_c.c': '''
#include <Python.h>
long sum(long a, long b);
static PyObject *add(PyObject *self, PyObject *args)
{
	long a, b;
	return PyArg_ParseTuple(args, "ll", &a, &b) ? PyLong_FromLong(sum(a, b)) : NULL;
}
static PyMethodDef methods[] = {{"add", add, METH_VARARGS, __FILE__}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "of_c", NULL, -1, methods};
PyMODINIT_FUNC PyInit_of_c(void)
{
	return PyModule_Create(&module);
}
'''},
}


def main():
    wheels, out = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory() as work:
        for path in glob.glob(wheels + '/*.whl'):
            with zipfile.ZipFile(path) as wheel:
                wheel.extractall(work + '/env')
        for backend, files in SOURCES.items():
            source = work + '/' + backend
            for name, text in files.items():
                os.makedirs(os.path.dirname(source + '/' + name), exist_ok=True)
                with open(source + '/' + name, 'w', encoding='utf-8') as f:
                    f.write(text)
            subprocess.run([sys.executable, '-c', 'import sys, %s as b; b.build_sdist(sys.argv[1])' % backend, out],
                           cwd=source, env=dict(os.environ, PYTHONPATH=work + "/env"), stdout=subprocess.DEVNULL, check=True)


main()
