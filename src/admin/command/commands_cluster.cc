// The cluster's commands: reports of nodes in the compatible forms, and this node's view of its
// cluster.
// Source: doc/redirects.md; doc/decisions.md C4; doc/protocol.md for the bytes.
#include "admin/command/cluster_json.h"
#include "admin/command/cluster_sight.h"
#include "admin/command/command_task.h"
#include "admin/page/builtin.h"
#include "admin/page/text.h"
#include "base/cat.h"
#include "base/strings.h"
#include "cluster/polling/node_report.h"
#include "cluster/polling/report_intake.h"

namespace lb {
namespace {

AdminAnswer text_answer(int status, std::string text, std::string extra) {
  AdminAnswer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = std::move(text) + "\r\n";
  answer.extra = std::move(extra);
  return answer;
}

AdminAnswer json_document(std::string body) {
  AdminAnswer answer;
  answer.content_type = "application/json; charset=utf-8";
  answer.body = std::move(body);
  return answer;
}

}  // namespace

void run_sourcelist_text(AdminTask task) {
  AdminRequest& request = task.request;
  if (!request.is_post) return task.done(text_answer(405, "a report is a POST", "Allow: POST\r\n"));
  const auto length = parse_u64(request.headers.get("content-length"));
  if (!length) return task.done(text_answer(411, "a report has a Content-Length", ""));
  if (*length != request.body.size()) {
    const std::string most = std::to_string(NodeReport::kMaxBytes);
    return task.done(text_answer(413, cat({"a report has at most ", most, " bytes"}), ""));
  }
  NodePost post{request.peer, request.node, std::string(request.headers.get("x-lb-node")),
                std::move(request.body)};
  Station& station = *task.station;
  station.node_posted(std::move(post), [task = std::move(task)](NodePostAnswer answer) mutable {
    task.done(
        text_answer(answer.status, answer.text, cat({"X-LB-Master: ", answer.master_id, "\r\n"})));
  });
}

// Icecast-KH first requests this list in its own format, and after any failure streamlist.txt with
// the same query.
void run_kh_streams(AdminTask task) {
  task.done(admin_error(404, "The list of streams is /admin/streamlist.txt"));
}

// The page itself has no data; its script loads cluster.json.
void run_cluster_page(AdminTask task) {
  XmlWriter xml;
  xml.open("icestats");
  task.send(std::move(xml).finish(), "cluster.xsl");
}

void run_cluster_script(AdminTask task) {
  AdminAnswer answer;
  answer.content_type = "text/javascript; charset=utf-8";
  answer.body = builtin_file("admin/cluster.js")->bytes;
  answer.extra = "Cache-Control: no-cache\r\n";
  task.done(std::move(answer));
}

// mount= limits the list of mounts to that one.
void run_cluster(AdminTask task) {
  task.done(json_document(
      cluster_json(task.station->cluster(), task.request.owns, task.param("mount").value_or(""))));
}

// Parameters: mount=, and ip=, ua= and https=1 of the listener.
void run_cluster_explain(AdminTask task) {
  ExplainAsk ask;
  ask.mount = task.mount;
  if (ask.mount.empty()) return task.fail("Missing parameter");
  ask.user_agent = task.param("ua").value_or("");
  ask.https = task.param("https") == "1";
  ask.client = task.request.peer;
  if (const auto ip = task.param("ip")) {
    const auto client = Address::parse(*ip, 0);
    if (!client) return task.fail("ip= is not an address");
    ask.client = *client;
  }
  const Explanation explanation = task.station->explain(ask);
  task.done(json_document(explanation_json(task.station->cluster(), ask, explanation)));
}

}  // namespace lb
