#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "admin/render.h"
#include "app/process.h"
#include "app/server.h"

using namespace lb;

int main(int argc, char** argv) {
  std::string path;
  LoadOptions load;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "-c" && i + 1 < argc) path = argv[++i];
    if (std::string_view(argv[i]) == "--allow-default-passwords") load.allow_default_passwords = true;
  }
  init_xml_libraries();
  raise_limits();
  auto loaded = load_config_file(path, load);
  if (!loaded) {
    std::fputs(fatal_text(path, loaded.error()).c_str(), stdout);
    return 1;
  }
  Server server(system_clock(), path, load, std::move(*loaded));
  if (auto bound = server.bind(); !bound) {
    std::fprintf(stderr, "%s\nServer startup failed. Exiting\n", bound.error().what.c_str());
    return 1;
  }
  if (auto logs = server.open_logs(); !logs) {
    std::fprintf(stderr, "FATAL: could not open error logging: %s\nFATAL: Could not start logging\n", logs.error().what.c_str());
    return 1;
  }
  server.run(true);
  return 0;
}
