#include "planted.h"

#include <algorithm>

namespace lb::sim {
namespace {

std::string_view present;

std::vector<const char*>& all() {
  static std::vector<const char*> faults;
  return faults;
}

}  // namespace

bool can_plant(const char* fault) {
  // One of several files: once.
  const auto is_it = [fault](const char* known) { return std::string_view(known) == fault; };
  if (std::none_of(all().begin(), all().end(), is_it)) all().push_back(fault);
  return true;
}

const std::vector<const char*>& plantable() { return all(); }
bool is_planted(std::string_view fault) noexcept { return fault == present; }

bool plant(std::string_view fault) {
  const auto at = std::find(all().begin(), all().end(), fault);
  if (at == all().end()) return false;
  present = *at;
  return true;
}

}  // namespace lb::sim
