// The links' commands: the state of links, messages between nodes, orders to other nodes.
// Source: doc/redirects.md; doc/link.md for the bytes.
#include "admin/command/cluster_sight.h"
#include "admin/command/command_task.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "cluster/link/frame.h"
#include "cluster/nodes/names.h"

namespace lb {
namespace {

AdminAnswer json_answer(std::string body, int status = 200) {
  AdminAnswer answer;
  answer.status = status;
  answer.content_type = "application/json; charset=utf-8";
  answer.body = std::move(body);
  answer.extra = "Cache-Control: no-store\r\n";
  return answer;
}

AdminAnswer outcome(bool done, std::string_view why) {
  JsonWriter json;
  json.begin_object().key("ok").boolean(done).key("why").text(why).end_object();
  return json_answer(json.take(), done ? 200 : 409);
}

// Builds the order from the query; an error names the missing or invalid parameter.
Result<CommandFrame> command_of(const AdminTask& task) {
  using Verb = CommandFrame::Verb;
  CommandFrame command;
  const std::string verb = task.param("do").value_or("");
  if (verb == to_text(Verb::kDrain)) {
    command.verb = Verb::kDrain;
    const auto mode = parse_drain_or_off(task.param("mode").value_or("soft"));
    if (!mode) return Error::invalid("mode= is not one of off, soft, move, hard");
    command.drain = *mode;
    return command;
  }
  command.mount = task.mount;
  if (command.mount.empty()) return Error::invalid("Missing parameter");
  if (verb == to_text(Verb::kKick)) {
    command.verb = Verb::kKick;
    if (const auto id = task.param("id")) {
      const auto number = parse_u64(*id);
      if (!number || *number == 0) return Error::invalid("id= is not a number");
      command.listener = *number;
    }
  } else if (verb == to_text(Verb::kMove)) {
    command.verb = Verb::kMove;
    command.to = task.param("destination").value_or("");
    if (command.to.empty()) return Error::invalid("Missing parameter");
  } else if (verb == to_text(Verb::kMetadata)) {
    command.verb = Verb::kMetadata;
    const auto song = task.param("song");
    command.title = song ? *song : task.param("title").value_or("");
    command.artist = task.param("artist").value_or("");
    command.url = task.param("url").value_or("");
    if (command.title.empty()) return Error::invalid("Missing parameter");
  } else if (verb == to_text(Verb::kFallback)) {
    command.verb = Verb::kFallback;
    const auto fallback = task.param("fallback");
    if (!fallback) return Error::invalid("Missing parameter");
    command.to = *fallback;
  } else {
    return Error::invalid("do= is not one of kick, move, drain, metadata, fallback");
  }
  return command;
}

}  // namespace

void run_cluster_links(AdminTask task) {
  JsonWriter json;
  json.begin_array();
  for (const LinkRow& row : task.station->links()) {
    json.begin_object();
    if (task.request.owns) {  // an operator with only some mounts sees that the node exists
      json.key("id").text(row.id).key("role").text(row.master ? "master" : "node");
      json.key("up").boolean(row.up).end_object();
      continue;
    }
    json.key("id").text(row.id).key("peer").text(row.peer);
    json.key("role").text(row.master ? "master" : "node").key("up").boolean(row.up);
    json.key("seconds").number(row.seconds);
    json.key("bytes_in").number(row.bytes_in).key("bytes_out").number(row.bytes_out);
    if (row.master) {
      json.key("round_trip_us").number(row.round_trip_us);
      json.key("clock_offset_ms").number(row.clock_offset_ms);
      json.key("redirects_here").number(row.issued);
      json.key("streams").number(std::uint64_t{row.streams});
    }
    json.end_object();
  }
  json.end_array();
  task.done(json_answer(json.take()));
}

void run_cluster_ingest(AdminTask task) {
  JsonWriter json;
  json.begin_array();
  for (const IngestSight& sight : task.station->ingest_rows()) {
    if (!task.owns(sight.row.mount)) continue;
    json.begin_object();
    json.key("mount").text(sight.row.mount).key("node").text(sight.row.at);
    json.key("state").text(to_text(sight.row.state));
    json.key("source").boolean(sight.row.source);
    json.key("via").texts(sight.row.via);
    json.key("refused").text(sight.refused);
    json.end_object();
  }
  json.end_array();
  task.done(json_answer(json.take()));
}

void run_cluster_messages(AdminTask task) {
  JsonWriter json;
  json.begin_array();
  for (const PassedMessage& each : task.station->messages()) {
    json.begin_object();
    json.key("topic").text(each.message.topic).key("from").text(each.message.from);
    json.key("id").text(each.message.serial);
    json.key("bytes").text(base64_encode(each.message.bytes));
    json.key("at_ms").number(unix_ms(each.when));
    json.end_object();
  }
  json.end_array();
  task.done(json_answer(json.take()));
}

// Parameters: topic=, and text= or the body of a POST.
void run_cluster_message(AdminTask task) {
  const std::string topic = task.param("topic").value_or("");
  if (!is_node_id(topic)) return task.fail("topic= is not 1 to 64 of A-Z a-z 0-9 . _ -");
  std::string bytes = task.param("text").value_or(std::move(task.request.body));
  if (bytes.size() > kLongestMessage)
    return task.done(admin_error(413, "a message has at most 4096 bytes"));
  const auto published = task.station->publish(topic, std::move(bytes));
  task.done(outcome(published.has_value(),
                    published ? "the message is on its way" : published.error().what));
}

// Parameters: node=, do=, and those of the order.
void run_cluster_command(AdminTask task) {
  const std::string node = task.param("node").value_or("");
  auto command = command_of(task);
  if (!command) return task.fail(command.error().what);
  Station& station = *task.station;
  station.order(node, std::move(*command), [task = std::move(task)](ResultFrame result) mutable {
    task.done(outcome(result.done, result.why));
  });
}

std::vector<IngestSight> Station::ingest_rows() { return {}; }
std::vector<PassedMessage> Station::messages() { return {}; }
void Station::order(const std::string& node, CommandFrame /*command*/, Then<ResultFrame> then) {
  then({0, false, cat({"node ", node, " is not linked"})});
}

}  // namespace lb
