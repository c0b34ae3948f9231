#include "base/cat.h"
#include "config/print/reference.h"
#include "config/schema/value.h"

namespace lb {
namespace {

constexpr std::string_view kHead = R"(.\" Made by icecast-lb --dump-reference man; do not edit.
.TH ICECAST\-LB.XML 5 "" "icecast\-lb" "File formats"
.SH NAME
icecast\-lb.xml \- configuration file of icecast\-lb
.SH DESCRIPTION
The file is XML; its root element is
.BR <icecast> .
An Icecast 2.4 file can be used as it is.
.PP
An element with a single value may also be written as an attribute.
If an element appears twice, the later one counts.
An empty element counts as absent.
Numbers of bytes accept the suffixes k, m, g (1000, 1000^2, 1000^3), numbers of seconds s, m, h.
True is 1, true, yes or on; false is 0, false, no or off.
.PP
.B icecast\-lb \-\-check\-config
.I FILE
prints every report about a file and exits with status 0 or 1.
.B icecast\-lb \-\-dump\-config
.I FILE
prints every effective value.
.PP
Each element is followed by its type and range, its default, when a change takes effect, and its
origin: Icecast 2.4, Icecast 2.5, Icecast\-KH, or this server (own).
A watched file is reloaded when it changes.
)";

constexpr std::string_view kTail = R"(.SH SEE ALSO
.BR icecast\-lb (1)
)";

// Escapes a line for roff: backslashes, hyphens that would become dashes, a leading control
// character.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (!out.empty() && (out[0] == '.' || out[0] == '\'')) out.insert(0, "\\&");
  return out;
}

void man_element(const SchemaBlock& block, const SchemaElement& row, std::string& out) {
  const SchemaElement& described = described_by(row);
  out += cat({".TP\n.B ", roff(row.name.empty() ? "(its text)" : row.name), "\n"});
  std::string facts =
      described.kind == ValueKind::kBlock ? "A block." : describe_type(described) + ".";
  facts[0] = facts[0] == 'a' ? 'A' : facts[0];
  const std::string standard = default_text(&described == &row ? block : *row.block, described);
  if (!standard.empty()) facts += cat({" Default: ", standard, "."});
  facts += cat(
      {" Takes effect: ", reload_text(described.reload), ". From: ", origin_text(row.origin), "."});
  if (!row.aliases.empty()) facts += cat({" Also: ", row.aliases, "."});
  out += cat({roff(help_text(described)), "\n.br\n", roff(facts), "\n"});
}

}  // namespace

std::string reference_man() {
  std::string out(kHead);
  std::string refused;
  for (const ReferenceBlock& entry : reference_blocks()) {
    out += cat({".SH \"<", roff(entry.path), ">\"\n", roff(entry.block->help), "\n"});
    for (const auto& rows : {entry.block->elements, entry.block->foreign}) {
      for (const SchemaElement& row : rows) {
        if (!is_listed(row)) continue;
        if (row.support != SchemaSupport::kUnsupported) {
          man_element(*entry.block, row, out);
          continue;
        }
        refused += ".TP\n.B " + roff(cat({entry.path, "/", row.name}));
        if (!row.aliases.empty()) refused += ", " + roff(row.aliases);
        refused += cat({"\n", roff(row.note), "\n"});
      }
    }
  }
  out += ".SH ELEMENTS OF OTHER SERVERS\nThese are recognised and have no effect.\n" + refused;
  return out.append(kTail);
}

}  // namespace lb
