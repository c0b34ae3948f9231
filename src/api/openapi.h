// openapi.json, the description of /api/v1, and doc/api.md: printed from the table of endpoints,
// the schemas and the rows of <mount>.
// Source: OpenAPI 3.1.0, JSON Schema 2020-12.
// Thread: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lb {

struct ApiSchema {
  std::string_view name;
  std::string_view json;            // of the schema
  std::string (*made)() = nullptr;  // … if it is made from tables
};
std::span<const ApiSchema> api_schemas() noexcept;

std::string openapi_json();
std::string api_reference();  // doc/api.md

}  // namespace lb
