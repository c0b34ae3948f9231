"""Runs axe-core in a page that a test has open: WCAG 2.2 A and AA, and its best practices."""
from npm import packed

RELEASE = "axe-core@4.14.1"
RUN = """
const done = arguments[0];
for (const one of document.getAnimations()) one.finish();
axe.run(document, {resultTypes: ['violations']}).then(
  told => done(told.violations.map(one => one.id + ': ' + one.help + ': ' + one.nodes.map(node => node.target.join(' ') + ' ' + (node.any[0]?.message || '')).slice(0, 3).join('; '))),
  problem => done(['axe: ' + problem]));
"""


def source(directory):
    """The script of axe-core, which npm stores in the directory."""
    return packed(RELEASE, "axe.min.js", directory).decode()


def put_in(browser, script):
    browser.script(script + ";window.axe = axe;")


def faults(browser):
    return browser.call("/execute/async", {"script": RUN, "args": []})
