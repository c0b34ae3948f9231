// doc/link.md has the members of every frame as the tables of frame_fields.h have them: each by its
// name; where the page has a list, also its kind, whether it is needed, and no other members.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/strings.h"
#include "cluster/link/frame_fields.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

struct Member {
  std::string name, kind;
  bool needed;
};
template <class... Tables>
std::vector<Member> members(const Tables&... tables) {
  std::vector<Member> out;
  const auto add = [&out](const auto& table) {
    for (const auto& row : table)
      if (!row.name.empty())
        out.push_back({std::string(row.name), std::string(row.kind), row.needed_in != 0});
  };
  (add(tables), ...);
  return out;
}

std::string page() {
  std::ifstream in(LB_TEST_SRCDIR "/doc/link.md", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  CHECK(!text.empty());
  return text;
}

// From "**NAME**" to the next frame, or the next chapter.
std::string section(const std::string& frame) {
  const std::string text = page();
  const std::size_t from = text.find("\n**" + frame + "**");
  if (from == std::string::npos) FAIL(("doc/link.md has no " + frame).c_str());
  return text.substr(from, std::min(text.find("\n**", from + 3), text.find("\n## ", from)) - from);
}

// Of "- `name` kind, needed: what it is": what is in front of the colon, without what is in braces.
std::vector<std::string> heads(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with("- `")) continue;
    std::string head;
    int depth = 0;
    for (const char c : line.substr(2)) {
      if (c == ':' && depth == 0) break;
      if (c == '{') ++depth;
      if (depth == 0) head += c;
      if (c == '}') --depth;
    }
    // Paths, and keys of CONF, are no members.
    if (head.find('/') >= head.find('`', 1)) out.push_back(head);
  }
  return out;
}
std::vector<std::string> names_in(const std::string& head) {
  std::vector<std::string> out;
  const auto parts = split(head, '`');
  for (std::size_t i = 1; i < parts.size(); i += 2) out.emplace_back(parts[i]);
  return out;
}

void same(const std::string& frame, const std::vector<Member>& members) {
  const std::string text = section(frame);
  const auto rows = heads(text);
  for (const Member& member : members) {
    const std::string quoted = "`" + member.name + "`", what = frame + " " + quoted;
    // "Numbers of frames" has it, for all.
    if (member.name == "seq") continue;
    CHECK_TEXT(text.find(quoted) != std::string::npos, what.c_str());
    if (rows.empty() || member.name == "rows") continue;
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const std::string& head) {
      return head.find(quoted) != std::string::npos;
    });
    CHECK_TEXT(row != rows.end(), (what + " is in no list").c_str());
    CHECK_TEXT(row->find(member.kind) != std::string::npos, (what + " " + member.kind).c_str());
    CHECK_TEXT((row->find("needed") != std::string::npos) == member.needed,
               (what + ": needed or not").c_str());
  }
  for (const std::string& head : rows)
    for (const std::string& name : names_in(head))
      CHECK_TEXT(std::any_of(members.begin(), members.end(),
                             [&](const Member& member) { return member.name == name; }),
                 (frame + " has no member " + name).c_str());
}
// Members of members: by their names.
void mentions(const std::string& frame, const std::vector<Member>& members) {
  const std::string text = section(frame);
  for (const Member& member : members)
    CHECK_TEXT(text.find("`" + member.name + "`") != std::string::npos,
               (frame + " " + member.name).c_str());
}

}  // namespace

TEST_GROUP(FrameDoc){};

TEST(FrameDoc, ThePageHasTheMembersOfTheTables) {
  same("HELLO", members(kHelloFields));
  mentions("HELLO", members(kCapacityFields));
  same("WELCOME", members(kWelcomeFields));
  mentions("WELCOME", members(kPortFields, kKeyFields));
  same("SNAP", members(kSnapFields));
  mentions("SNAP", members(kOfferFields));
  same("DELTA", members(kDeltaFields));
  same("LOAD", members(kLoadFields));
  same("ACK", members(kAckFields));
  same("DRAIN", members(kDrainFields));
  same("CMD", members(kCommandFields, kKickFields, kMoveFields, kMetadataFields, kDrainOrderFields,
                      kFallbackFields));
  same("RES", members(kResultFields));
  same("MSG", members(kMessageFields));
  same("WHO", members(kWhoFields));
  same("BYE", members(kByeFields));
  same("PROVE", members(kProveFields));
  same("INGEST", members(kIngestFields));
  mentions("INGEST", members(kSourceFields));
  same("ARCH", members(kArchiveFields));
  same("SLOT", members(kSlotUpFields, kSlotDownFields));
  same("SEAT", members(kSeatFields));
  same("TITLE", members(kTitleFields));
  same("BOOK", members(kBookFields));
  same("BOOKED", members(kBookedFields));
  same("ASK", members(kAskFields));
  same("TELL", members(kTellFields));
  mentions("TELL", members(kReportedListenerFields));
  same("CONF", members(kConfFields));
  mentions("CONF", members(kItemFields));
}
