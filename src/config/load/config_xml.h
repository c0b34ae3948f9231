// A configuration as an XML file: the written values, with our names, in the order of the schema.
// Reading it gives the same configuration.  It has passwords.
// Thread: pure function.
#pragma once

#include <string>
#include <string_view>

#include "config/load/loader.h"

namespace lb {

// comment: the line after the XML declaration; "": none. config: loaded.config, or that with
// changed values.
std::string config_xml(const LoadedConfig& loaded, const Config& config, std::string_view comment);

}  // namespace lb
