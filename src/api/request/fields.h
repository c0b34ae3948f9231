// BodyFields: takes the members of a JSON object one after the other, and notes what is wrong with
// them, each fault with its pointer; a member that no one took is a fault too.
//
// Thread: one owner.
// Ownership: the faults are the caller's, and outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request/problem.h"
#include "base/json.h"

namespace lb {

class BodyFields {
 public:
  // at: the pointer of the object, "" for the whole body.
  BodyFields(Json object, std::vector<ProblemFault>& faults, std::string at = {});

  // Missing where it is absent.
  Json take(std::string_view name);
  bool has(std::string_view name) const { return !object_.at(name).missing(); }
  // nullopt: absent, or of another type (a fault).  Texts are UTF-8 without control characters.
  std::optional<std::string> text(std::string_view name, std::size_t max_bytes);
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                      std::uint64_t most);
  std::optional<bool> boolean(std::string_view name);
  // null or a number; the outer nullopt: absent.
  std::optional<std::optional<std::uint64_t>> limit(std::string_view name, std::uint64_t most);
  std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t max_count,
                                                std::size_t max_bytes);
  void fault(std::string_view name, std::string detail);
  // Faults for every member that was not taken.
  void finish();
  std::string pointer(std::string_view name) const;

 private:
  Json object_;
  std::vector<ProblemFault>& faults_;
  const std::string at_;
  std::vector<std::string> known_;
};

// The faults as a problem "invalid".
Problem invalid(std::vector<ProblemFault> faults);
// One fault.
Problem invalid_at(std::string pointer, std::string detail);

}  // namespace lb
