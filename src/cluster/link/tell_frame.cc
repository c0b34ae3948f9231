#include "cluster/link/tell_frame.h"

#include <utility>

#include "cluster/link/frame_members.h"

namespace lb {

// A question of a later version cannot be answered.
AskFrame read_ask(FrameMembers& in) {
  AskFrame out;
  out.number = in.needed_whole("id", FrameMembers::kLargest);
  const std::string what = in.word("what", true);
  out.mount = in.mount("m", in.member("m", true));
  out.after = in.whole("after", FrameMembers::kLargest, 0);
  out.most = static_cast<unsigned>(in.needed_whole("most", kMaxTold));
  if (what != "listeners") out.most = 0;
  return out;
}

TellFrame read_tell(FrameMembers& in) {
  TellFrame out;
  out.number = in.needed_whole("id", FrameMembers::kLargest);
  in.array("rows", in.member("rows", true), kMaxTold, [&](const Json& element) {
    if (!element.is_object()) {
      in.wrong("rows", "has an element that is no object");
      return;
    }
    if (element.at("n").missing()) in.wrong("n", "is missing");
    ToldListener row;
    row.id = in.whole("n", element.at("n"), FrameMembers::kLargest).value_or(0);
    row.address = in.text("ip", element.at("ip"), kLongestText);
    row.agent = in.text("ua", element.at("ua"), kLongestTold);
    row.user = in.text("u", element.at("u"), kLongestTold);
    row.seconds = in.whole("s", element.at("s"), FrameMembers::kLargest).value_or(0);
    row.hls = element.at("hls").boolean().value_or(false);
    out.rows.push_back(std::move(row));
  });
  out.more = in.flag("more", false);
  out.why = in.text("why");
  return out;
}

}  // namespace lb
