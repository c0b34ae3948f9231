// ChallengeLookup: looks for an unknown answer to http-01, while the request waits: in the state
// directory, where --check-https puts one, then at this node's masters and the servers of
// <answer-from>, in parallel.
//
// A name may lead to nodes that do not order its certificate and have no link to the server that
// does.  Questions have a mark (kMark), and are not passed on further.
// Thread: control; files are read on the clerk.
// Ownership: Services.
// Bounds: kMaxTokens at once, kMaxQuestions a second, half of them for one network, so that it
// excludes no others; kMaxRequests that wait.  Beyond that the answer is unknown.  An unknown token
// is not asked for again within kUnknownFor.
// Trust: an answer must be TOKEN, a dot and 43 characters of base64url, and only that is passed on;
// redirects are not followed.
// Source: RFC 8555 8.3.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/services/parked_requests.h"
#include "base/rate_limit.h"
#include "base/result.h"

namespace lb {

struct Config;
struct FetchAnswer;
struct Runtime;

class ChallengeLookup {
 public:
  static constexpr std::chrono::milliseconds kPatience{2000};
  static constexpr std::size_t kMaxTokens = 8, kMaxRequests = 64;
  static constexpr unsigned kMaxQuestions = 20;
  static constexpr std::chrono::seconds kUnknownFor{5};
  // Authorities ask several times, from several places.
  static constexpr std::chrono::minutes kKnownFor{1};
  static constexpr std::string_view kMark = "lb=1";  // in the query

  using Wake = std::function<void(const ParkedRequest&, WaitOutcome)>;
  ChallengeLookup(Runtime& runtime, Wake wake);

  // Wakes the request once: kReady if the ChallengeTable has the answer now, else kNever.
  // asks_others: the request is not itself a question of another server.
  // network: the client's (Address::network()).
  void look_up(const std::string& token, const ParkedRequest& request, bool asks_others,
               const std::string& network);
  void stop();

  // Whether there may be an answer to look for.
  static bool may_have(const Config& config, bool asks_others);
  // Origins, each once.
  static std::vector<std::string> servers(const Config& config);
  static bool is_answer(std::string_view token, std::string_view body) noexcept;

 private:
  struct Asked {
    bool asks_others = false;
    std::string network;  // whose request was the first
    std::size_t unanswered = 0;
    std::vector<std::uint64_t> requests;
  };
  // Whether this network may cause another question now; it is counted.
  bool may_ask(const std::string& network, SteadyTime now);
  // The answer of the state directory has been read; "": none.
  void on_read(const std::string& token, std::string text);
  void keep(const std::string& token, std::string answer);
  void answered(const std::string& token, const Result<FetchAnswer>& answer);
  void end(const std::string& token, WaitOutcome outcome);
  void forget_old();

  Runtime& runtime_;
  const Wake wake_;
  std::map<std::string, Asked> asked_;
  std::map<std::string, SteadyTime> unknown_;                          // not asked until then
  std::map<std::string, std::pair<std::uint64_t, SteadyTime>> known_;  // owner in the table, until
  std::uint64_t owners_;
  SecondCount questions_;
  std::vector<std::string> askers_;  // the networks of the questions of this second
  ParkedRequests parked_;
  Timer forget_;
  bool stopped_ = false;
};

}  // namespace lb
