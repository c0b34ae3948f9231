
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::vector<MountSettings> sections_of(const std::vector<std::string>& names) {
  std::vector<MountSettings> sections(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) sections[i].name = names[i];
  return sections;
}

// The rule itself, as the header states it.
std::optional<std::size_t> first_of(const std::vector<MountSettings>& sections,
                                    const std::string& mount) {
  for (std::size_t i = 0; i < sections.size(); ++i)
    if (sections[i].name == mount || glob_match(sections[i].name, mount)) return i;
  return std::nullopt;
}

void same(const std::vector<MountSettings>& sections, const MountIndex& index,
          const std::string& mount) {
  const auto wanted = first_of(sections, mount);
  const auto found = index.find(mount);
  CHECK_TEXT(wanted == found, mount.c_str());
}

}  // namespace

TEST_GROUP(MountIndex){};

TEST(MountIndex, TakesTheFirstSectionInFileOrder) {
  const auto sections =
      sections_of({"/a/*", "/a/b", "/c", "/[cd]", "/c", "/\\x", "/a/b/*", "*", "/[d", ""});
  const MountIndex index(sections);
  for (const char* mount : {"/a/b", "/a/c", "/a/b/c", "/c", "/d", "/[cd]", "/x", "/\\x", "/a/*",
                            "/[d", "", "x", "/", "/a/", "/a"})
    same(sections, index, mount);
  CHECK(index.find("/c") == std::optional<std::size_t>(2));
  CHECK(index.find_name("/a/b") == std::optional<std::size_t>(1));
  CHECK(!index.find_name("/a/c"));
}

TEST(MountIndex, AnswersAsTryingEveryNameDoes) {
  Rng rng(41);
  const std::string letters = "ab/*?[]\\!-";
  const auto text = [&](std::uint64_t most, std::uint64_t kinds) {
    std::string out = "/";
    for (std::uint64_t n = rng.below(most); n > 0; --n) out += letters[rng.below(kinds)];
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> names;
    for (std::uint64_t n = rng.below(12); n > 0; --n) names.push_back(text(5, letters.size()));
    const auto sections = sections_of(names);
    const MountIndex index(sections);
    for (int i = 0; i < 40; ++i) same(sections, index, text(5, i % 2 == 0 ? 3 : letters.size()));
    for (const std::string& name : names) same(sections, index, name);
  }
}

TEST(MountIndex, OfAnotherNumberOfSectionsIsNotBelieved) {
  Config config;
  config.mounts = sections_of({"/a"});
  config.mount_index = std::make_shared<const MountIndex>(config.mounts);
  config.mounts.push_back(sections_of({"/b"}).front());
  STRCMP_EQUAL("/b", mount_section(config, "/b").name.c_str());
  STRCMP_EQUAL("", mount_section(config, "/c").name.c_str());
}
