#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make-index.py DIR: DIR/simple/, a PEP 503 index of the wheels in DIR."""
import hashlib
import html
import os
import sys

from wheelfile import normalize


def page(path, links):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write('<!DOCTYPE html>\n<html><body>\n')
        for href, text in links:
            f.write('<a href="%s">%s</a><br>\n' % (html.escape(href), html.escape(text)))
        f.write('</body></html>\n')


def main():
    folder, projects = sys.argv[1], {}
    for name in sorted(os.listdir(folder)):
        if name.endswith('.whl'):
            with open(os.path.join(folder, name), 'rb') as f:
                digest = hashlib.sha256(f.read()).hexdigest()
            link = ('../../%s#sha256=%s' % (name, digest), name)
            projects.setdefault(normalize(name.split('-')[0]), []).append(link)
    for project, links in projects.items():
        page('%s/simple/%s/index.html' % (folder, project), links)
    page(folder + '/simple/index.html', [(p + '/', p) for p in sorted(projects)])


if __name__ == '__main__':
    main()
