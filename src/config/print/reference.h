// Parts that all formats of the reference share: the list of blocks, and the words for default,
// reload class and origin.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/schema/schema.h"

namespace lb {

struct ReferenceBlock {
  const SchemaBlock* block;
  std::string path;  // "icecast", "paths/alias"
};

// Every block once, parents first.  A block that is mainly a text (<accesslog>) is shown by its
// parent as an element; it is listed only if it has more than its text.
std::vector<ReferenceBlock> reference_blocks();

// The row that describes `row` in its parent: the text row of a block that is mainly a text.
const SchemaElement& described_by(const SchemaElement& row);

// Whether `row` is listed, because it has an effect.
bool is_listed(const SchemaElement& row);

std::string default_text(const SchemaBlock& block, const SchemaElement& row);
std::string help_text(const SchemaElement& row);  // with the element to use instead
std::string_view reload_text(ReloadClass reload);
std::string_view origin_text(SchemaOrigin origin);

std::string reference_markdown();
std::string reference_man();
std::string reference_xml();

}  // namespace lb
