#include <algorithm>

#include "base/cat.h"
#include "config/reference.h"
#include "config/value.h"

namespace lb {
namespace {

constexpr std::string_view kIntroduction =
    R"(# The configuration file

This page is made from the program's own table of elements (`icecast-lb --dump-reference md`), so it
cannot differ from what the program does.

The file is XML; its root element is `<icecast>`. A working example with every element is
`conf/icecast-lb.xml`, the shortest useful one `conf/minimal.xml`. An Icecast 2.4 file can be used as
it is.

## How values are written

| Type | Meaning |
|---|---|
| number | an integer within the range that stands behind it |
| bytes | a number; `k`, `m`, `g` behind it mean 1000, 1000², 1000³ (as in Icecast-KH) |
| seconds | a number; `s`, `m`, `h` behind it mean seconds, minutes, hours |
| milliseconds | a number; `ms` or `s` behind it |
| 1 or 0 | also `true`, `yes`, `on`, `false`, `no`, `off` |
| mount | a path of the server; begins with `/` |
| password | kept exactly as written, white space too, and never printed |

- An element that holds a single value may also be written as an attribute:
  `<listen-socket port="8000"/>`.
- White space around a value is removed, except around passwords.
- If an element is written twice, the later one counts. Blocks that may be repeated say so.
- An empty element is as if it were not there.
- Entities are not expanded, and no other file is read.

## Reports about mistakes

`icecast-lb --check-config FILE` prints every report about a file, with line numbers,
and ends with status 0 or 1. Files, directories and programs that the file names are tried too, where root asks as the
user of `<changeowner>`; `--elsewhere` leaves that out, for the file of another machine.
`icecast-lb --dump-config FILE` prints every effective value.

| | `--check-config` | start | SIGHUP |
|---|---|---|---|
| no XML, root is not `<icecast>` | 1 | refused | the old configuration stays |
| fatal: a value that must not be guessed, an example's password | 1 | refused | the old configuration stays |
| error: a value that is not valid | 1 | its default is used | its default is used |
| warning: an unknown element, a setting without effect | 0 | reported | reported |

*Takes effect* says when a changed value counts: at *reload* (SIGHUP), for running sources or new
connections, or at *restart*. *From* says who knows the element: Icecast `2.4`, Icecast `2.5`,
Icecast-`KH`, or this server (`own`).
)";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : cat({"`", text, "`"});
}

std::string type_of(const SchemaElement& row) {
  std::string text = row.kind == ValueKind::kBlock ? "block" : describe_type(row);
  for (std::string_view article : {"a number of ", "a "}) {
    if (!text.starts_with(article)) continue;
    text.erase(0, article.size());
    break;
  }
  return text;
}

// Of the heading of a block's section, as Markdown readers make it.
std::string anchor_of(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (c != '/') out += c;
  return out;
}

// A block is described where its elements are.
std::string block_text(const SchemaElement& row, const std::vector<ReferenceBlock>& blocks) {
  const auto at = std::find_if(blocks.begin(), blocks.end(), [&](const ReferenceBlock& entry) {
    return entry.block == row.block;
  });
  const std::string text = help_text(row);
  if (at == blocks.end()) return cell(text);
  return cat({"[below](#", anchor_of(at->path), ")", cell(text.substr(row.block->help.size()))});
}

void md_element(const SchemaBlock& block, const SchemaElement& row,
                const std::vector<ReferenceBlock>& blocks, std::string& out) {
  const SchemaElement& described = described_by(row);
  std::string name = row.name.empty() ? "(its text)" : code(row.name);
  if (row.attribute) name += " (attribute)";
  std::string_view aliases = row.aliases;
  while (!aliases.empty()) {
    const std::size_t space = aliases.find(' ');
    name += ", " + code(aliases.substr(0, space));
    aliases.remove_prefix(space == std::string_view::npos ? aliases.size() : space + 1);
  }
  std::string help = described.kind == ValueKind::kBlock ? block_text(described, blocks)
                                                         : cell(help_text(described));
  if (!described.example.empty() && described.kind != ValueKind::kChoice &&
      described.kind != ValueKind::kBool) {
    help += " Example: " + cell(code(described.example));
  }
  out += cat({"| ", name, " | ", cell(type_of(described)), " | ",
              cell(code(default_text(&described == &row ? block : *row.block, described))), " | ",
              described.kind == ValueKind::kBlock ? "" : reload_text(described.reload), " | ",
              origin_text(row.origin), " | ", help, " |\n"});
}

}  // namespace

std::string reference_markdown() {
  std::string out(kIntroduction);
  std::string refused;
  const std::vector<ReferenceBlock> blocks = reference_blocks();
  for (const ReferenceBlock& entry : blocks) {
    out += cat({"\n## `<", entry.path, ">`\n\n", entry.block->help, "\n\n"});
    out +=
        "| Element | Type | Default | Takes effect | From | Meaning |\n|---|---|---|---|---|---|\n";
    for (const auto& rows : {entry.block->elements, entry.block->foreign}) {
      for (const SchemaElement& row : rows) {
        if (!is_listed(row)) continue;
        if (row.support != SchemaSupport::kUnsupported) {
          md_element(*entry.block, row, blocks, out);
          continue;
        }
        std::string names(row.name);
        if (!row.aliases.empty()) names.append(" ").append(row.aliases);
        refused += cat({"| ", code(entry.path), " | ", code(names), " | ", origin_text(row.origin),
                        " | ", cell(row.note), " |\n"});
      }
    }
  }
  return cat(
      {out,
       "\n## Elements of other servers without effect here\n\nThey are recognised, and a warning "
       "says why nothing happens.\n\n| Block | Element | From | Why |\n|---|---|---|---|\n",
       refused});
}

}  // namespace lb
