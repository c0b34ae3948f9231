#include "cluster/polling/master_watch.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/nodes/names.h"
#include "http/message.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kListDeadline = 30s;
constexpr auto kReportDeadline = 5s;
constexpr auto kFarewellDeadline = 500ms;
constexpr auto kAskStockAgain = 3600s;
constexpr auto kLeastForKh = 5s;  // KH accepts no shorter interval
constexpr unsigned kMissingLists = 2;
// After so many unanswered posts, each followed by a list, the master counts as not reading posts.
constexpr unsigned kMaxBreaks = 3;

// The host and login lines of a request.
std::string head_of(const MasterPlan& plan, std::string_view user_agent) {
  std::string agent(user_agent);
  std::erase_if(agent, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return cat({" HTTP/1.0\r\nAuthorization: Basic ",
              base64_encode(cat({plan.username, ":", plan.password})),
              "\r\nHost: ", plan.target.host, "\r\nUser-Agent: ", agent, "\r\n"});
}

bool is_at(const MasterPlan& plan, const std::string& host, int port, bool tls, bool publishes) {
  const ConnectTarget& here = plan.target;
  return host == here.host && port == here.port && tls == here.tls && publishes == plan.publish;
}

// Answers of masters without reports: Icecast 400, KH 401 or 501, others vary.
bool takes_no_reports(int status) {
  return status == 400 || status == 401 || status == 404 || status == 405 || status == 501;
}

}  // namespace

// A stock slave sends only the first two lines; proxies in front of a master need the others.
std::string stream_list_request(const MasterPlan& plan, std::string_view user_agent,
                                std::string_view more, std::string_view query) {
  return cat({"GET /admin/streamlist.txt", query, head_of(plan, user_agent), more, "\r\n"});
}

std::string report_request(const MasterPlan& plan, std::string_view user_agent,
                           const NodeReport& report) {
  const std::string body = node_body(report);
  return cat({"POST /admin/sourcelist.txt", head_of(plan, user_agent),
              "X-LB-Node: ", node_header(report),
              "\r\nContent-Type: text/plain\r\nContent-Length: ", body.size(), "\r\n\r\n", body});
}

std::string kh_registration_query(const NodeReport& report) {
  for (const NodeAddress& address : report.addresses) {
    if (address.scheme != PublicScheme::kHttp) continue;
    const auto every = std::max<std::chrono::milliseconds>(report.every, kLeastForKh);
    const bool v6 = address.kind == NodeAddress::Host::kIpv6;
    return cat({"?rserver=", v6 ? cat({"%5b", address.host, "%5d"}) : address.host,
                "&rport=", address.port,
                "&interval=", std::chrono::ceil<std::chrono::seconds>(every).count()});
  }
  return {};
}

MasterWatch::MasterWatch(Connector& connector, Log& log, Rng& rng, MasterPlan plan,
                         Callbacks callbacks)
    : connector_(connector),
      log_(log),
      rng_(rng),
      plan_(std::move(plan)),
      callbacks_(std::move(callbacks)),
      timer_(connector.loop(), [this] { ask(); }) {
  timer_.after(0us);
}

std::string MasterWatch::name() const {
  return cat({"master ", plan_.target.host, ":", plan_.target.port, " "});
}

StreamListRecord MasterWatch::save() const {
  StreamListRecord saved{plan_.target.host,
                         plan_.target.port,
                         plan_.target.tls,
                         plan_.publish,
                         master_id_,
                         reach_,
                         {}};
  for (const auto& [mount, known] : known_) saved.streams.push_back(known.stream);
  return saved;
}

void MasterWatch::restore(StreamListRecord saved) {
  reach_ = saved.reach;
  if (is_node_id(saved.id)) master_id_ = std::move(saved.id);
  for (ListedStream& stream : saved.streams) known_.try_emplace(stream.mount, Known{stream, 0});
}

bool MasterWatch::is_for(const StreamListRecord& saved) const {
  return is_at(plan_, saved.host, saved.port, saved.tls, saved.publishes);
}

bool MasterWatch::is_for(const MasterPlan& plan) const {
  return is_at(plan_, plan.target.host, plan.target.port, plan.target.tls, plan.publish);
}

void MasterWatch::follow(MasterPlan plan) {
  if (!(plan == plan_)) {
    plan_ = std::move(plan);
    delay_ = 0ms;
    // The present request has the old name and password.
    client_.reset();
    post_.reset();
  }
  ask_soon();
}

void MasterWatch::ask_soon() {
  if (asking()) {
    again_ = true;
    return;
  }
  timer_.after(asked_ + callbacks_.least_pause - connector_.loop().now());
}

void MasterWatch::report_now() {
  if (!plan_.publish || !callbacks_.report) return;
  client_.reset();
  report_again_ = post_ != nullptr;
  if (!report_again_) timer_.after(0us);
}

void MasterWatch::ask() {
  if (asking()) return;
  asked_ = connector_.loop().now();
  again_ = false;
  if (plan_.publish && callbacks_.report && asked_ >= post_at_)
    post();
  else
    ask_for_list();
}

ClientRequest MasterWatch::post_request(bool leaving) {
  std::vector<std::string> mounts;
  mounts.reserve(known_.size());
  for (const auto& [mount, known] : known_) mounts.push_back(mount);
  NodeReport report = callbacks_.report(mounts, master_id_);
  report.every = plan_.report_interval;
  if (is_node_id(plan_.username)) report.id = plan_.username;  // the name that this master knows
  report.leaving = leaving;
  report.now_ms = posted_ms_ = wall_ms_of(connector_.loop().clock());
  posted_at_ = connector_.loop().now();
  ClientRequest request;
  request.target = plan_.target;
  request.head = report_request(plan_, callbacks_.user_agent(), report);
  request.head_deadline = kReportDeadline;
  return request;
}

void MasterWatch::post() {
  post_ = std::make_unique<Client>(connector_, post_request(false),
                                   [this](Result<ClientAnswer> answer) {
                                     const auto done = std::move(post_);  // it runs this callback
                                     on_posted(std::move(answer));
                                     if (std::exchange(report_again_, false))
                                       ask();
                                     else
                                       ask_for_list();
                                   });
}

void MasterWatch::on_posted(Result<ClientAnswer> answer) {
  if (!answer) {
    // A master that is down fails its list request too; one that does not read posts resets the
    // connection.
    publishing_ = false;
    if (well_ && ++breaks_ >= kMaxBreaks) post_again_later(answer.error().what, kAskStockAgain);
    return;
  }
  breaks_ = 0;
  const Response& response = answer->response;
  const std::string said = cat({response.status, " ", response.reason.substr(0, 60)});
  if (response.status == 200) {
    if (!publishing_) log_.info("slave/master", name() + "takes this node's reports");
    publishing_ = true;
    stock_ = false;
    const std::string_view id = response.headers.get("x-lb-master");
    const std::string before = std::exchange(master_id_, is_node_id(id) ? id : "");
    if (before != master_id_ && callbacks_.named) callbacks_.named();
    measure_clock(response);
  } else if (takes_no_reports(response.status)) {
    post_again_later("answered " + said, kAskStockAgain);
  } else {
    log_.warn("slave/master", cat({name(), "refused this node's report: ", said}));
    publishing_ = false;
  }
}

// Date has whole seconds, so half a second is added as the best guess.
void MasterWatch::measure_clock(const Response& response) {
  const auto date = parse_http_date(response.headers.get("date"));
  if (!date || master_id_.empty()) return;
  const auto ms = [](auto time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  const auto way = (connector_.loop().now() - posted_at_) / 2;
  clock_.measured(ms(date->time_since_epoch()) + 500, posted_ms_ + ms(way));
  if (const auto news = clock_.news())
    log_.warn("slave/master", cat({name(), "(", master_id_, "): its clock ", *news,
                                   "; its redirects are checked by its clock"}));
  if (callbacks_.clock) callbacks_.clock(master_id_, clock_.offset());
}

void MasterWatch::post_again_later(std::string why, std::chrono::seconds pause) {
  publishing_ = false;
  stock_ = true;
  breaks_ = 0;
  post_at_ = connector_.loop().now() +
             std::chrono::duration_cast<SteadyTime::duration>(pause * (0.95 + rng_.unit() / 10));
  log_.info("slave/master", cat({name(), "takes no reports (", why,
                                 "): it is asked for its streams only, and again in ",
                                 pause.count() / 60, " minutes"}));
}

void MasterWatch::leave(UniqueFunction<void()> done) {
  timer_.cancel();
  client_.reset();
  post_.reset();
  if (!publishing_) {
    done();
    return;
  }
  publishing_ = false;
  ClientRequest request = post_request(true);
  request.connect_deadline = request.head_deadline = kFarewellDeadline;
  post_ =
      std::make_unique<Client>(connector_, std::move(request),
                               [done = std::move(done)](Result<ClientAnswer>) mutable { done(); });
}

void MasterWatch::ask_for_list() {
  ClientRequest request;
  request.target = plan_.target;
  std::string query;
  if (stock_ && callbacks_.report) {
    NodeReport report = callbacks_.report({}, {});
    report.every = plan_.interval;
    // KH has no word for draining: a slave that does not register gets no listeners.
    if (!report.draining) query = kh_registration_query(report);
  }
  request.head = stream_list_request(plan_, callbacks_.user_agent(),
                                     callbacks_.lines ? callbacks_.lines() : "", query);
  request.body = {StreamList::kMaxBytes, kListDeadline};
  client_ =
      std::make_unique<Client>(connector_, std::move(request), [this](Result<ClientAnswer> answer) {
        const auto done = std::move(client_);  // it is running this callback
        on_answer(std::move(answer));
      });
}

void MasterWatch::on_answer(Result<ClientAnswer> answer) {
  std::string why;
  if (!answer) {
    why = answer.error().what;
  } else if (answer->response.status != 200) {
    why = cat({"answered ", answer->response.status, " ", answer->response.reason.substr(0, 60)});
  } else if (auto list = parse_stream_list(answer->body); !list) {
    why = "sent " + list.error().what;
  } else {
    reach_ = reach_of(answer->transport->peer());
    take(*list, answer->complete && !list->cut_off && !list->too_many);
  }
  well_ = why.empty();
  if (!well_) post_at_ = {};  // another server may answer there later
  if (!why.empty())
    log_.warn("slave/master", cat({name(), why, "; its ", known_.size(), " streams stay"}));
  ask_later(why.empty());
}

void MasterWatch::ask_later(bool worked) {
  delay_ = worked ? 0ms : std::max(callbacks_.least_pause, delay_ * 2);
  const auto most = std::max<std::chrono::milliseconds>(callbacks_.least_pause,
                                                        std::min(plan_.retry_max, plan_.interval));
  const auto interval = publishing_ ? plan_.report_interval : plan_.interval;
  std::chrono::milliseconds wait = worked ? interval : std::min(delay_, most);
  delay_ = std::min(delay_, most);
  if (again_) wait = callbacks_.least_pause;
  again_ = false;
  // The interval varies, so that slaves started together do not stay in step.
  timer_.after(
      std::chrono::duration_cast<std::chrono::microseconds>(wait * (0.95 + rng_.unit() / 10)));
}

void MasterWatch::take(const StreamList& list, bool complete) {
  if (complete)
    for (auto& [mount, known] : known_) ++known.missing;
  std::size_t added = 0;
  std::set<std::string> changed;
  for (const ListedStream& stream : list.streams) {
    if (known_.size() >= StreamList::kMaxMounts && !known_.contains(stream.mount)) continue;
    const auto [at, fresh] = known_.try_emplace(stream.mount, Known{stream, 0});
    added += fresh ? 1 : 0;
    if (fresh || !(at->second.stream == stream)) changed.insert(stream.mount);
    at->second = Known{stream, 0};
  }
  if (list.passed_over > 0 || list.too_many || !complete)
    log_.warn("slave/master", cat({name(), "sent a list", complete ? "" : " that is not complete",
                                   " with ", list.streams.size(), " streams and ", list.passed_over,
                                   " lines that name none"}));
  forget_missing(changed);
  if (added > 0) log_.info("slave/master", cat({name(), "has ", added, " new streams"}));
  if (!changed.empty()) callbacks_.changed(changed);
}

void MasterWatch::forget_missing(std::set<std::string>& changed) {
  const std::size_t before = known_.size();
  std::erase_if(known_, [&](const auto& row) {
    if (row.second.missing == 0) return false;
    const Flow flow = callbacks_.flow_of(row.first);
    const bool gone =
        flow == Flow::kEnded || (flow == Flow::kNever && row.second.missing >= kMissingLists);
    if (gone) changed.insert(row.first);
    return gone;
  });
  const std::size_t gone = before - known_.size();
  if (gone > 0) log_.info("slave/master", cat({name(), gone, " streams removed"}));
}

void MasterWatch::stream_ended() {
  std::set<std::string> changed;
  forget_missing(changed);
  if (!changed.empty()) callbacks_.changed(changed);
}

std::optional<Upstream> MasterWatch::stream_of(const std::string& mount) const {
  const auto at = known_.find(mount);
  if (at == known_.end()) return std::nullopt;
  const ListedStream& listed = at->second.stream;
  Upstream upstream;
  upstream.target = plan_.target;
  upstream.mount = mount;
  upstream.private_redirects = plan_.private_redirects;
  if (!listed.host.empty()) {
    upstream.target.host = listed.host;
    upstream.target.port = listed.port;
    upstream.target.tls = listed.tls;
    if (!plan_.private_redirects && listed.host != plan_.target.host)
      upstream.target.named_by = reach_;
  } else if (plan_.relay_auth) {
    upstream.username = plan_.username;
    upstream.password = plan_.password;
  }
  return upstream;
}

void MasterWatch::add_stream_mounts(std::set<std::string>& mounts) const {
  for (const auto& [mount, known] : known_) mounts.insert(mount);
}

}  // namespace lb
