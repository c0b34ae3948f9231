// A configuration as an XML file: what was written, under our names, in the order of the schema.
// Read again it means the same.  Passwords are in it.
// Thread: pure function.
#pragma once

#include <string>
#include <string_view>

#include "config/load/loader.h"

namespace lb {

// comment: the first line, behind the XML declaration; "": none.
// config: what loaded.config is, or that with other values.
std::string config_xml(const LoadedConfig& loaded, const Config& config, std::string_view comment);

}  // namespace lb
