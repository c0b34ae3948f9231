#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.h"
#include "config/print/reference.h"
#include "config/schema/value.h"

namespace lb {
namespace {

using Blocks = std::vector<ReferenceBlock>;

constexpr std::string_view kIntroduction =
    R"(# The configuration file

Printed by `icecast-lb --dump-reference md`. The file is XML; `conf/icecast-lb.xml` shows every element,
`conf/minimal.xml` is the shortest useful file; an Icecast 2.4 file works as it is.

## How values are written

- range: an integer within it. 0/1: also `true`, `yes`, `on`, `false`, `no`, `off`
- bytes, bits/s: a number; the suffixes `k`, `m`, `g` mean 1000, 1000², 1000³ (as in Icecast-KH)
- seconds: a number; the suffixes `s`, `m`, `h` mean seconds, minutes, hours; milliseconds: `ms` or `s`
- mount: a path of the server that begins with `/`
- password: kept as written, including white space, and never printed
- no type: a text. An element with a single value may be an attribute: `<listen-socket port="8000"/>`; `name=` must be one.
- If an element appears twice, the later one counts. Blocks that may be repeated are marked. An empty element counts
  as absent. Entities are not expanded, and no other file is read.

Brackets contain type, range and **default**, or an example (as `this`). A change takes effect after SIGHUP, for running
sources too; *new*: for new connections and sources; *restart*: after a restart. Each block names the server whose
elements it has, and marks those of others: Icecast *2.4* and *2.5*, Icecast-*KH*, *own*. A *watched* file is reloaded
when it changes.

## Reports about mistakes

`icecast-lb --check-config FILE` prints every report about a file, with line numbers. Files, directories and programs
in it are tried too, for root as the user of `<changeowner>`; with `--elsewhere`, for another machine's file, they are
not. `icecast-lb --dump-config FILE` prints every effective value.

- no XML, a root other than `<icecast>`, a value that must not be guessed (*fatal*), an example's password: status 1;
  the server does not start, and keeps the old configuration at SIGHUP
- an invalid value (*error*): status 1; its default is used
- an unknown element, a setting without effect (*warning*): status 0
)";

// Escapes the text for Markdown, except for `code`.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*') out += '\\';
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

// "0…65535", "bytes 0…16777216", "off/soft/hard": shorter than in an error message.
std::string type_of(const SchemaElement& row) {
  if (row.kind == ValueKind::kBool) return "0/1";
  if (row.kind == ValueKind::kRate) return "bits/s";
  if (row.kind == ValueKind::kText) return {};
  std::string text = describe_type(row);
  if (row.kind == ValueKind::kChoice) {
    text.erase(0, std::string_view("one of ").size());
    std::replace(text.begin(), text.end(), ' ', '/');
    return text;
  }
  for (std::string_view article : {"a number of ", "a number ", "a decimal number ", "a ", "an "}) {
    if (!text.starts_with(article)) continue;
    text.erase(0, article.size());
    break;
  }
  std::erase(text, '(');
  std::erase(text, ')');
  return text;
}

// The anchor that Markdown readers make of the heading of a block's section.
std::string anchor_of(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (c != '/') out += c;
  return out;
}

bool is_page(const SchemaElement& row, const Blocks& blocks) {
  return row.kind == ValueKind::kBlock && described_by(row).kind == ValueKind::kBlock &&
         std::any_of(blocks.begin(), blocks.end(),
                     [&](const ReferenceBlock& entry) { return entry.block == row.block; });
}

std::vector<std::string> spellings(const SchemaElement& row) {
  std::vector<std::string> names = {std::string(row.name)};
  std::string_view aliases = row.aliases;
  while (!aliases.empty()) {
    const std::size_t space = aliases.find(' ');
    names.emplace_back(aliases.substr(0, space));
    aliases.remove_prefix(space == std::string_view::npos ? aliases.size() : space + 1);
  }
  return names;
}

std::string spelled_names(const SchemaElement& row) {
  if (row.name.empty()) return "(text)";
  std::string out;
  for (const std::string& name : spellings(row))
    out += cat({out.empty() ? "" : ", ", code(cat({name, row.attribute ? "=" : ""}))});
  return out;
}

// The cells of a row, by which a repeated row is left out.
struct Row {
  std::string name, value, meaning;
  SchemaOrigin origin;
};

// Marks the default in bold: among the choices, or after the type.
std::string with_default(std::string value, const SchemaElement& row, const std::string& standard) {
  if (standard.empty()) return value;
  const bool chosen = row.kind == ValueKind::kChoice || row.kind == ValueKind::kBool;
  std::size_t at = 0;
  while (chosen && at < value.size()) {
    const std::size_t end = std::min(value.find_first_of(" /", at), value.size());
    if (value.compare(at, end - at, standard) == 0) {
      value.insert(end, "**");
      return value.insert(at, "**");
    }
    at = end + 1;
  }
  const bool is_word = standard.find(' ') == std::string::npos;
  return value + cat({is_word ? " **" : "; **", plain(standard), "**"});
}

// The text in brackets; the type "text" is left out.
std::string value_of(const SchemaBlock& block, const SchemaElement& row) {
  const SchemaElement& described = described_by(row);
  const std::string standard = default_text(&described == &row ? block : *row.block, described);
  std::string value = with_default(type_of(described), described, standard);
  const bool needs_example =
      described.kind == ValueKind::kText || described.kind == ValueKind::kList;
  if (standard.empty() && needs_example && !described.example.empty())
    value += ", as " + code(described.example);
  if (described.reload == ReloadClass::kNew) value += "; *new*";
  if (described.reload == ReloadClass::kRestart) value += "; *restart*";
  return value.substr(std::min(value.find_first_not_of(",; "), value.size()));
}

// The rows of a block that have no section of their own; equal neighbours share a row.
std::vector<Row> rows_of(const ReferenceBlock& entry, const Blocks& blocks) {
  std::vector<Row> rows;
  for (const auto& elements : {entry.block->elements, entry.block->foreign}) {
    for (const SchemaElement& row : elements) {
      if (!is_listed(row) || row.support == SchemaSupport::kUnsupported || is_page(row, blocks))
        continue;
      // The text of a block that is mostly a text is a row of its parent.
      if (row.name.empty() && entry.block->help.empty()) continue;
      Row next{spelled_names(row), value_of(*entry.block, row), plain(help_text(described_by(row))),
               row.origin};
      if (!rows.empty() && rows.back().value == next.value && rows.back().meaning == next.meaning &&
          rows.back().origin == next.origin)
        rows.back().name += ", " + next.name;
      else
        rows.push_back(std::move(next));
    }
  }
  return rows;
}

SchemaOrigin mostly(const std::vector<Row>& rows) {
  std::array<int, 4> counts{};
  for (const Row& row : rows) ++counts[static_cast<std::size_t>(row.origin)];
  const auto most = std::max_element(counts.begin(), counts.end());
  return static_cast<SchemaOrigin>(most - counts.begin());
}

struct Said {
  std::string path;
  std::vector<Row> rows;
};

// The path of an earlier section with an equal row; "": none.
std::string said_in(const std::vector<Said>& before, const Row& row) {
  for (const Said& section : before) {
    for (const Row& other : section.rows) {
      if (other.name == row.name && other.value == row.value && other.meaning == row.meaning)
        return section.path;
    }
  }
  return {};
}

std::string link_to(std::string_view path) {
  return cat({"[`", path.substr(path.rfind('/') + 1), "`](#", anchor_of(path), ")"});
}

void md_blocks(const ReferenceBlock& entry, const Blocks& blocks, std::string& out) {
  std::string links;
  for (const SchemaElement& row : entry.block->elements) {
    if (!is_listed(row) || !is_page(row, blocks)) continue;
    const auto at = std::find_if(blocks.begin(), blocks.end(), [&](const ReferenceBlock& other) {
      return other.block == row.block;
    });
    links += cat({links.empty() ? "" : ", ", link_to(at->path)});
    if (!row.aliases.empty()) links += cat({" (also `", row.aliases, "`)"});
  }
  if (!links.empty()) out += cat({"\nBlocks: ", links, ".\n"});
}

void md_section(const ReferenceBlock& entry, const Blocks& blocks, std::vector<Said>& before,
                std::string& out) {
  std::vector<Row> rows = rows_of(entry, blocks);
  out += cat({"\n## `<", entry.path, ">`\n\n", entry.block->help});
  if (rows.empty()) {
    md_blocks(entry, blocks, out += "\n");
    return;
  }
  const SchemaOrigin origin = mostly(rows);
  out += cat({entry.block->help.empty() ? "*" : " *", origin_text(origin), "*\n"});
  md_blocks(entry, blocks, out);
  std::string list, repeated, where;
  for (const Row& row : rows) {
    if (const std::string path = said_in(before, row); !path.empty()) {
      if (path != where)
        repeated += cat({repeated.empty() ? "As in " : "; as in ", link_to(path), ": "});
      else
        repeated += ", ";
      where = path;
      repeated += row.name;
      continue;
    }
    std::string marks(row.origin == origin ? "" : origin_text(row.origin));
    if (!marks.empty() && !row.value.empty()) marks += ", ";
    marks += row.value;
    if (!marks.empty()) marks = cat({" (", marks, ")"});
    list += cat({"- ", row.name, marks, " ", row.meaning, "\n"});
  }
  if (!repeated.empty()) out += cat({"\n", repeated, ".\n"});
  if (!list.empty()) out += "\n" + list;
  before.push_back({entry.path, std::move(rows)});
}

// The elements without effect, in the order of the schema.
std::string refused_list(const Blocks& blocks) {
  std::string out;
  for (const ReferenceBlock& entry : blocks) {
    for (const auto& rows : {entry.block->elements, entry.block->foreign}) {
      for (const SchemaElement& row : rows) {
        if (!is_listed(row) || row.support != SchemaSupport::kUnsupported) continue;
        const std::string inside = entry.block == &kRootBlock ? "" : cat({entry.path, "/"});
        for (const std::string& name : spellings(row))
          out += cat({out.empty() ? "" : ",\n", code(inside + name)});
      }
    }
  }
  return out + ".\n";
}

}  // namespace

std::string reference_markdown() {
  std::string out(kIntroduction);
  const Blocks blocks = reference_blocks();
  std::vector<Said> before;
  for (const ReferenceBlock& entry : blocks) md_section(entry, blocks, before, out);
  return cat(
      {out,
       "\n## Elements of other servers without effect here\n\n`--check-config` and the start "
       "warn about them and give the reason:\n",
       refused_list(blocks)});
}

}  // namespace lb
