// Faults that are planted in copies of files of src/ (tests/simulation/plant), one of them on: the
// simulation has to find each of them.
// Thread: one.
#pragma once

#include <string_view>
#include <vector>

namespace lb::sim {

// Of the copies, before main(): this program has the fault.
bool can_plant(const char* fault);
const std::vector<const char*>& plantable();
bool is_planted(std::string_view fault) noexcept;
// One that this program does not have: false.
bool plant(std::string_view fault);

}  // namespace lb::sim
