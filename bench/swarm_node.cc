#include "bench/swarm_node.h"

#include <utility>

#include "base/encoding.h"
#include "cluster/polling/node_report.h"

namespace lb {
namespace {

// Where simulated nodes connect from.
constexpr std::uint16_t kNodes = 4 * 256 + 1;

}  // namespace

SwarmNode::SwarmNode(Swarm& swarm, SwarmPlan plan)
    : swarm_(swarm),
      plan_(std::move(plan)),
      next_post_(swarm.loop, [this] { post(); }),
      listeners_(swarm.mounts.size(), 0) {}

void SwarmNode::join() {
  ++runs_;
  alive_ = true;
  silent_ = drains_ = linked_ = false;
  arrivals_ = 0;
  total_ = 0;
  kbps_ = 0;
  listeners_.assign(swarm_.mounts.size(), 0);
  book_ = LoadChanges();
  changed_ = true;
  if (plan_.posts.count() > 0) {
    post();
    return;
  }
  LinkPlan link;
  link.link.target = {swarm_.link.host, swarm_.link.port, true, ""};
  link.link.id = plan_.id;
  link.link.secret = "s-" + plan_.id;
  link.streams.host = swarm_.link.host;
  LinkClient::Callbacks callbacks;
  callbacks.user_agent = [] { return std::string("swarm"); };
  session_ = std::make_unique<MasterSession>(*this, swarm_.resolver, link, std::move(callbacks));
  session_->start();
}

void SwarmNode::leave(bool farewell) {
  if (farewell && session_) session_->send_bye({"it leaves", 0, std::chrono::milliseconds{0}});
  alive_ = false;
  next_post_.cancel();
  wire_.reset();
  if (std::exchange(linked_, false)) --swarm_.linked;
  // It may be on the stack.
  if (session_) swarm_.loop.post([gone = std::move(session_)] {});
}

void SwarmNode::drain() {
  drains_ = true;
  if (session_) session_->send(DrainFrame{DrainMode::kSoft, ""});
}

void SwarmNode::announce(const std::vector<IngestRow>& rows) {
  if (!session_) return;
  for (IngestFrame& frame : row_frames(rows)) session_->send(std::move(frame));
}

void SwarmNode::arrive(std::size_t mount) {
  ++arrivals_;
  changed_ = true;
  ++total_;
  ++listeners_[mount];
  kbps_ += swarm_.mounts[mount].kbps;
}

void SwarmNode::depart(std::size_t mount) {
  if (listeners_[mount] == 0) return;
  --total_;
  changed_ = true;
  --listeners_[mount];
  kbps_ -= swarm_.mounts[mount].kbps;
}

void SwarmNode::tick() {
  if (!alive_ || silent_ || !session_) return;
  if (!std::exchange(changed_, false)) {
    session_->load_changed(false);
    return;
  }
  const SteadyTime now = swarm_.loop.now();
  bool urgent = false;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    urgent = book_.set({swarm_.mounts[i].name, listeners_[i], swarm_.mounts[i].kbps, true,
                        listeners_[i] > 0},
                       now) ||
             urgent;
  book_.forget(now);
  session_->load_changed(urgent);
}

void SwarmNode::conf(const std::string&, const ConfFrame& frame) {
  if (frame.all) {
    told_ = 0;
    told_all_ = false;
  }
  for (const ConfItem& item : frame.set) told_ += item.part ? 0 : 1;
  told_all_ = told_all_ || !frame.more;
}

std::optional<std::uint64_t> SwarmNode::arrivals_from(std::string_view) const {
  if (!swarm_.tokens) return std::nullopt;
  return arrivals_;
}

HelloFrame SwarmNode::hello() {
  HelloFrame hello;
  hello.epoch = epoch();
  hello.addresses = {
      make_node_address(PublicScheme::kHttp, plan_.address.host, plan_.address.port)};
  hello.capacity = plan_.capacity;
  hello.tokens = swarm_.tokens;
  return hello;
}

void SwarmNode::master_joined(MasterSession&) {
  linked_ = true;
  ++swarm_.linked;
  if (swarm_.on_link) swarm_.on_link(plan_.id, true, "");
}

void SwarmNode::master_left(MasterSession&, const std::string& why) {
  told_all_ = false;
  if (std::exchange(linked_, false)) --swarm_.linked;
  if (swarm_.on_link) swarm_.on_link(plan_.id, false, why);
}

void SwarmNode::post() {
  NodeReport report;
  report.form = NodeReport::Form::kOurs;
  report.id = plan_.id;
  report.epoch = epoch();
  report.seq = ++posts_;
  report.addresses = {
      make_node_address(PublicScheme::kHttp, plan_.address.host, plan_.address.port)};
  report.capacity = plan_.capacity;
  report.listeners = total_;
  report.kbps = kbps_;
  report.every = plan_.posts;
  report.tokens = swarm_.tokens;
  if (swarm_.tokens) report.arrived = arrivals_;
  report.draining = drains_;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    if (listeners_[i] > 0) report.mounts.push_back({swarm_.mounts[i].name, listeners_[i], true, 0});
  const std::string body = node_body(report);
  const std::string request =
      "POST /admin/sourcelist.txt HTTP/1.0\r\nAuthorization: Basic " +
      base64_encode(plan_.id + ":s-" + plan_.id) + "\r\nX-LB-Node: " + node_header(report) +
      "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  wire_ = std::make_unique<Wire>(swarm_.loop);
  wire_->open(swarm_.master, kNodes, request, [this](std::string_view answer) {
    const bool taken = answer.substr(0, 12).find(" 200") != std::string_view::npos;
    if (taken && !std::exchange(linked_, true)) {
      ++swarm_.linked;
      if (swarm_.on_link) swarm_.on_link(plan_.id, true, "");
    } else if (!answer.empty() && !taken && swarm_.on_link) {
      swarm_.on_link(plan_.id, false, std::string(answer.substr(0, answer.find('\r'))));
    }
    wire_->close();
  });
  if (!silent_) next_post_.after(plan_.posts);
}

}  // namespace lb
