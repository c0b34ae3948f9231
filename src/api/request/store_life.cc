#include "api/request/store_life.h"

#include "base/cat.h"
#include "base/json.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kLifeIdBytes = 32;
constexpr std::uint64_t kMaxLives = 1'000'000'000;

}  // namespace

Result<StoreLife> parse_store_life(std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  StoreLife life;
  life.id = parsed->at("id").text().value_or("");
  life.life = parsed->at("life").u64().value_or(0);
  if (life.id.size() != kLifeIdBytes || !is_hex_text(life.id) || life.life == 0 ||
      life.life > kMaxLives)
    return Error::invalid("it needs an id of 32 hexadecimal digits, and a life of 1 or more");
  return life;
}

std::string store_life_json(const StoreLife& life) {
  JsonWriter json;
  json.begin_object();
  json.key("id").text(life.id);
  json.key("life").number(life.life);
  json.end_object();
  return json.take();
}

std::string store_name(const StoreLife& life) {
  return life.life == 0 ? std::string() : cat({life.id, '.', life.life});
}

}  // namespace lb
