// The server's command line without the server: for the checks of conf/, doc/ and tests/config/.
#include <cstdio>

#include "app/process/options.h"

int main(int argc, char** argv) {
  const lb::Options options = lb::parse_options({argv + 1, argv + argc});
  const auto answer = lb::answer(options);
  if (!answer) {
    std::puts("this program does not serve");
    return 2;
  }
  std::fputs(answer->out.c_str(), stdout);
  std::fputs(answer->err.c_str(), stderr);
  return answer->status;
}
