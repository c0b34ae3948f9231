// What <acme> costs a TLS handshake: handshake-cost FILE.pem makes full handshakes of TLS 1.3 in
// this process, by turns with and without the table of challenges, whose callback reads each hello.
// FILE.pem: certificate and key.  Prints a JSON line: processor time of the server's side in
// microseconds, the least of all turns of each kind, and the median of the turns' ratios.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "net/tls/challenge_table.h"
#include "net/tls/tls_context.h"

using namespace lb;

namespace {

constexpr int kTurns = 100, kHandshakes = 50;

double processor_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Of one handshake, the server's side alone; negative: it failed.
double cost(const std::shared_ptr<const TlsContext>& context, SSL_CTX* player) {
  static const Address kPeer = *Address::parse("192.0.2.1", 5);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0) return -1;
  const UniqueFd there(ends[1]);
  const SslPtr client(SSL_new(player));
  SSL_set_fd(client.get(), there.get());
  SSL_set_tlsext_host_name(client.get(), "radio.example.org");
  SSL_set_connect_state(client.get());
  SSL_do_handshake(client.get());
  double spent = -processor_us();
  const auto server =
      TlsContext::accept(context, std::make_unique<PlainTransport>(UniqueFd(ends[0]), kPeer));
  IoStatus status = server->handshake();
  spent += processor_us();
  SSL_do_handshake(client.get());
  spent -= processor_us();
  if (status == IoStatus::kAgain) status = server->handshake();
  spent += processor_us();
  ERR_clear_error();
  return status == IoStatus::kDone ? spent : -1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: handshake-cost FILE.pem\n");
    return 2;
  }
  TlsSettings settings;
  settings.certificates = {arguments[1]};
  const auto challenges = std::make_shared<const ChallengeTable>();
  const std::array contexts{
      TlsContext::load(settings, nullptr).context,
      TlsContext::load(settings, nullptr, nullptr, challenges).context,
  };
  const SslContextPtr player(SSL_CTX_new(TLS_client_method()));
  if (!contexts[0] || !contexts[1] || !player) {
    std::fprintf(stderr, "%s: no certificate that can be used\n", arguments[1]);
    return 1;
  }
  std::array<double, 2> least{1e9, 1e9};
  std::vector<double> ratios;
  for (int turn = 0; turn < kTurns; ++turn) {
    std::array<double, 2> spent{};
    for (int i = 0; i < kHandshakes; ++i)
      for (const std::size_t kind : {0u, 1u}) {
        const double one = cost(contexts[kind], player.get());
        if (one < 0) {
          std::fprintf(stderr, "a handshake failed\n");
          return 1;
        }
        spent[kind] += one / kHandshakes;
      }
    for (const std::size_t kind : {0u, 1u}) least[kind] = std::min(least[kind], spent[kind]);
    ratios.push_back(spent[1] / spent[0]);
  }
  std::nth_element(ratios.begin(), ratios.begin() + kTurns / 2, ratios.end());
  std::printf("{\"without_us\": %.1f, \"with_us\": %.1f, \"ratio\": %.4f}\n", least[0], least[1],
              ratios[kTurns / 2]);
  return 0;
}
