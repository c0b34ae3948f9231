// A Registry on the command line, for tests/store: orders are lines of JSON on standard input,
// answers, changes and states are lines of JSON on standard output.
//
//   registry_tool
//   '{"type":"etcd","prefix":"/t/","members":["http://127.0.0.1:2379"],"path":"copy"}'
//   {"do":"load"}   {"do":"state"}   {"do":"reload"}   {"do":"quit"}
//   {"do":"commit","id":"1","compares":[["mounts/%2Fa",0]],"puts":[["mounts/%2Fa","<mount/>"]],
//    "deletes":["users/anna"],"made":["made/00","{}"]}
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/json.h"
#include "net/loop/loop_pool.h"
#include "registry/make_registry.h"

namespace {

using namespace lb;

std::string text_of(const Json& value) { return std::string(value.text().value_or("")); }

StoreSettings settings_of(const Json& json) {
  StoreSettings settings;
  settings.type = text_of(json.at("type")) == "etcd" ? StoreType::kEtcd : StoreType::kFiles;
  settings.path = text_of(json.at("path"));
  if (!json.at("prefix").missing()) settings.prefix = text_of(json.at("prefix"));
  for (std::size_t i = 0; i < json.at("members").size(); ++i)
    settings.members.push_back(text_of(json.at("members").at(i)));
  settings.username = text_of(json.at("username"));
  settings.password = text_of(json.at("password"));
  settings.ca_file = text_of(json.at("ca"));
  settings.certificate = text_of(json.at("certificate"));
  settings.key_file = text_of(json.at("key"));
  return settings;
}

RegistryWrite write_of(const Json& json) {
  RegistryWrite write;
  const auto rows = [&json](const char* name, const auto& take) {
    for (std::size_t i = 0; i < json.at(name).size(); ++i) take(json.at(name).at(i));
  };
  rows("compares", [&](const Json& row) {
    write.compares.push_back({text_of(row.at(0)), row.at(1).u64().value_or(0)});
  });
  rows("puts",
       [&](const Json& row) { write.puts.emplace_back(text_of(row.at(0)), text_of(row.at(1))); });
  rows("deletes", [&](const Json& row) { write.deletes.push_back(text_of(row)); });
  const Json made = json.at("made");
  if (made.is_array()) write.made.emplace(text_of(made.at(0)), text_of(made.at(1)));
  return write;
}

void print(JsonWriter json) {
  std::puts(json.take().c_str());
  std::fflush(stdout);
}

void add_records(JsonWriter& json, const std::vector<RegistryRecord>& records) {
  json.begin_array();
  for (const RegistryRecord& record : records)
    json.begin_array().text(record.key).text(record.value).number(record.revision).end_array();
  json.end_array();
}

class Tool {
 public:
  Tool(LoopPool& pool, const StoreSettings& settings)
      : pool_(pool),
        log_(system_clock()),
        registry_(make_registry(settings, pool.control(), pool.clerk(), log_, {})) {
    // Without paths it is standard error.
    if (!log_.open({})) std::abort();
    registry_->watch(0, [](const RegistryChange& change) {
      JsonWriter json;
      json.begin_object().key("set");
      add_records(json, change.set);
      json.key("deleted").begin_array();
      for (const std::string& key : change.deleted) json.text(key);
      json.end_array().key("revision").number(change.revision).end_object();
      print(std::move(json));
    });
    ::fcntl(0, F_SETFL, O_NONBLOCK);
    input_.start<&Tool::on_input>(pool.control(), 0, EV_READ, this);
  }

 private:
  void on_input(short) {
    char part[65536];
    const ssize_t n = ::read(0, part, sizeof part);
    if (n == 0) return pool_.stop_control();
    if (n < 0) return;
    text_.append(part, static_cast<std::size_t>(n));
    for (std::size_t end; (end = text_.find('\n')) != std::string::npos;) {
      if (const auto json = Json::parse(text_.substr(0, end))) order(*json);
      text_.erase(0, end + 1);
    }
  }
  void order(const Json& json) {
    const std::string what = text_of(json.at("do"));
    if (what == "load")
      registry_->load([](const Result<RegistryContent>& content) {
        JsonWriter out;
        out.begin_object();
        if (content) {
          out.key("load");
          add_records(out, content->records);
          out.key("revision").number(content->revision);
        } else {
          out.key("error").text(content.error().what);
        }
        print(std::move(out.end_object()));
      });
    if (what == "commit") commit(json);
    if (what == "state") state();
    if (what == "reload") registry_->reload();
    if (what == "quit") pool_.stop_control();
  }
  void commit(const Json& json) {
    registry_->commit(write_of(json), [this, id = text_of(json.at("id")),
                                       from = pool_.control().now()](const CommitAnswer& answer) {
      constexpr const char* kWords[] = {"done", "conflict", "unavailable"};
      JsonWriter out;
      out.begin_object().key("id").text(id);
      out.key("result").text(kWords[static_cast<int>(answer.result)]);
      out.key("revision").number(answer.revision).key("why").text(answer.why);
      out.key("seconds").number(
          std::chrono::duration<double>(pool_.control().now() - from).count());
      out.key("current");
      add_records(out, answer.current);
      print(std::move(out.end_object()));
    });
  }
  void state() {
    const RegistryState state = registry_->state();
    JsonWriter out;
    out.begin_object().key("up").boolean(state.up).key("loaded").boolean(state.loaded);
    out.key("copy").boolean(state.from_copy).key("state").number(state.revision);
    out.key("since").number(static_cast<std::int64_t>(unix_seconds(state.since)));
    out.key("member").text(state.member).key("words").text(state.words);
    out.key("bad").begin_array();
    for (const std::string& words : state.bad) out.text(words);
    print(std::move(out.end_array().end_object()));
  }

  LoopPool& pool_;
  Log log_;
  std::unique_ptr<Registry> registry_;
  Watch input_;
  std::string text_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto settings = Json::parse(argc == 2 ? argv[1] : "");
  if (!settings) {
    std::fputs("usage: registry_tool SETTINGS-AS-JSON\n", stderr);
    return 2;
  }
  LoopPool pool(1, system_clock());
  if (const auto started = pool.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().what.c_str());
    return 1;
  }
  {
    Tool tool(pool, settings_of(*settings));
    pool.run();
  }
  pool.join();
  return 0;
}
