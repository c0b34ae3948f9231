#include "api/request/node_weight.h"

#include "base/cat.h"
#include "base/json.h"

namespace lb {

Result<unsigned> parse_node_weight(std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  const auto weight = parsed->at("weight").u64();
  if (!weight || *weight > kMaxNodeWeight)
    return Error::invalid(cat({"weight is not a number from 0 to ", kMaxNodeWeight}));
  return static_cast<unsigned>(*weight);
}

std::string node_weight_json(unsigned weight) {
  JsonWriter json;
  json.begin_object().key("weight").number(weight).end_object();
  return json.take();
}

}  // namespace lb
