#!/usr/bin/env python3
"""Checks the names in the pages of documentation.  Speaks TAP.

Usage: check-docs.py ROOT

 - Each link of a page leads to a file, and its anchor to a heading.
 - Each path of the source that docs/architecture.md and docs/design.md name exists.
 - Each function in docs/architecture.md is in a file that the same paragraph or step names.
 - docs/architecture.md lists the folders of the source, as check-includes.py does.
"""

import os
import re
import sys

PAGES_WITH_PATHS = ["docs/architecture.md", "docs/design.md"]
WALKS = "docs/architecture.md"
SOURCE_TOPS = ("src/", "devices/", "bios/", "guests/", "tests/", "docs/")


def read(path):
    with open(path, encoding="utf-8") as page:
        return page.read()


def pages(root):
    """Returns the pages, relative to the root."""
    found = ["README.md", "CONTRIBUTING.md"]
    for directory, _, names in os.walk(os.path.join(root, "docs")):
        for name in names:
            if name.endswith(".md"):
                found.append(os.path.relpath(os.path.join(directory, name), root))
    return sorted(found)


def without_code(text):
    """Returns the text without its fenced blocks and indented examples."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return re.sub(r"^    .*$", "", text, flags=re.M)


def anchors(text):
    """Returns the anchors of the headings of a page."""
    made = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        words = re.sub(r"[^\w\- ]", "", heading.lower())
        made.add(words.strip().replace(" ", "-"))
    return made


def check_links(root):
    """Returns a message for each link that leads nowhere."""
    found = []
    for page in pages(root):
        text = without_code(read(os.path.join(root, page)))
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text):
            if "://" in target:
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
            full = os.path.join(root, path)
            if not os.path.exists(full):
                found.append(f"{page}: the link to {target} leads nowhere")
            elif anchor and path.endswith(".md") and anchor not in anchors(read(full)):
                found.append(f"{page}: {path} has no heading for #{anchor}")
    return found


def paths_in(text):
    """Returns the source paths that a text names in backquotes."""
    return [name for name in re.findall(r"`([\w./-]+)`", text) if name.startswith(SOURCE_TOPS)]


def is_planned(page):
    """Whether the part of docs/design.md is about files that do not exist yet."""
    return page.split("\n## Where it goes")[0]


def check_paths(root):
    """Returns a message for each path that does not exist."""
    found = []
    for page in PAGES_WITH_PATHS:
        for path in paths_in(is_planned(read(os.path.join(root, page)))):
            if not os.path.exists(os.path.join(root, path)):
                found.append(f"{page}: there is no {path}")
    return found


def items_of(text):
    """Returns the paragraphs and the steps of lists of a page."""
    return re.split(r"\n\s*\n|\n(?=(?:\d+\.|-) )", without_code(text))


def defines(text, function):
    """Whether a source file defines the function or a macro of that name."""
    definition = rf"^(?:[A-Za-z_][\w\s*()]*[\s*]|#\s*define ){function}\("
    return re.search(definition, text, re.M) is not None


def check_functions(root, page_text):
    """Returns a message for each function that no named file defines."""
    found = []
    for item in items_of(page_text):
        files = [path for path in paths_in(item) if path.endswith((".c", ".h"))]
        sources = [read(os.path.join(root, path)) for path in files
                   if os.path.exists(os.path.join(root, path))]
        for function in re.findall(r"`(\w+)\(\)`", item):
            if not any(defines(source, function) for source in sources):
                named = ", ".join(files) if files else "no file is named beside it"
                found.append(f"{WALKS}: {function}() is not in {named}")
    return found


def folders_of_source(root):
    """Returns the folders of src/ that contain source files, with a slash at the end."""
    src = os.path.join(root, "src")
    return {f"src/{name}/" for name in os.listdir(src) if os.path.isdir(os.path.join(src, name))}


def check_folders(root):
    """Returns a message for each folder that the page does not list."""
    listed = set(re.findall(r"^\| `([\w/]+/)` \|", read(os.path.join(root, WALKS)), re.M))
    return [f"{WALKS}: the table of folders lacks {folder}"
            for folder in sorted(folders_of_source(root) - listed)]


def refuses_a_wrong_name(root):
    """Checks the check: it must find a function that does not exist."""
    wrong = read(os.path.join(root, WALKS)).replace("`bus_port_access()`", "`bus_no_access()`")
    return [] if check_functions(root, wrong) else ["a wrong name of a function is not found"]


def main():
    root = sys.argv[1]
    points = [
        ("links_lead_to_files_and_headings", check_links(root)),
        ("architecture_and_design_name_paths_that_exist", check_paths(root)),
        ("architecture_names_functions_that_exist",
         check_functions(root, read(os.path.join(root, WALKS)))),
        ("architecture_lists_the_folders_of_the_source", check_folders(root)),
        ("a_function_that_does_not_exist_is_found", refuses_a_wrong_name(root)),
    ]
    print(f"1..{len(points)}")
    for number, (name, found) in enumerate(points, 1):
        for message in found:
            print(f"# {message}")
        print(f"{'not ok' if found else 'ok'} {number} /docs/{name}")


main()
