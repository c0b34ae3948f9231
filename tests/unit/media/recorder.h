// Runs framers and rewriters over bytes, in pieces, and writes down what they say.
// Shared by the unit tests and the fuzz targets, so it reports faults as text and asserts nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "media/bytes.h"
#include "media/framer.h"

namespace lb {

// One line a mark, in the order of the calls.
class MarkRecorder final : public MarkSink {
 public:
  void sync(std::uint64_t position, UnitTime time) override {
    note("sync", position);
    begins.push_back(time.begin());
    times.push_back(std::to_string(position) + " " + std::to_string(time.samples) +
                    (time.second ? " second" : ""));
  }
  void inner(std::uint64_t position, UnitTime time) override {
    if (position < last_position) fault = "a mark went back: inner";
    last_position = position;
    inner_marks.push_back(std::to_string(position) + " " + std::to_string(time.samples) +
                          (time.second ? " second" : ""));
  }
  void clock(std::uint64_t position, unsigned rate_hz) override {
    times.push_back(std::to_string(position) + " clock " + std::to_string(rate_hz));
  }
  void start(std::uint64_t position) override { note("start", position); }
  void headers(std::uint64_t position, Bytes bytes) override {
    note("headers", position, std::to_string(bytes.size()));
    header_sets.push_back(std::string(as_text(bytes)));
  }
  void metadata(std::uint64_t position, Metadata metadata) override {
    note("metadata", position, metadata.artist + "|" + metadata.title);
    if (!metadata.icy_block.empty()) fault = "an Ogg title has an ICY block";
  }
  void codec(const CodecFacts& facts) override {
    lines.push_back("codec " + facts.subtype + " " + std::to_string(facts.audio_channels) + " " +
                    std::to_string(facts.audio_samplerate_hz) + " " +
                    std::to_string(facts.audio_bitrate_bps));
    for (const auto& [name, value] : facts.other) lines.back() += " " + name + "=" + value;
  }

  std::vector<std::string> of(std::string_view kind) const {
    std::vector<std::string> found;
    for (const auto& line : lines)
      if (line.starts_with(kind)) found.push_back(line);
    return found;
  }
  std::string text() const {
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    return all;
  }

  std::vector<std::string> lines;
  std::vector<std::string> times;     // of the units marked, and where a clock begins
  std::vector<std::uint64_t> begins;  // of the same units, in samples
  std::vector<std::string> inner_marks;
  std::vector<std::string> header_sets;
  std::string fault;  // of the sink's contract; empty = none
  std::uint64_t last_position = 0;

 private:
  void note(std::string_view kind, std::uint64_t position, std::string_view more = {}) {
    if (position < last_position) fault = "a mark went back: " + std::string(kind);
    last_position = position;
    lines.push_back(std::string(kind) + " " + std::to_string(position));
    if (!more.empty()) lines.back() += " " + std::string(more);
  }
};

// How large the next piece is, at most `left`.
using Pieces = std::size_t (*)(Rng&, std::size_t left);
inline std::size_t all_at_once(Rng&, std::size_t left) { return left; }
inline std::size_t byte_by_byte(Rng&, std::size_t) { return 1; }
inline std::size_t at_random(Rng& rng, std::size_t left) {
  const std::uint64_t most = rng.below(8) == 0 ? 9000 : rng.below(2) == 0 ? 1400 : 20;
  return std::min<std::size_t>(left, 1 + static_cast<std::size_t>(rng.below(most)));
}

// One that has been saved and restored, as by a hand-over between two bytes.
template <class T>
void hand_over(std::unique_ptr<T>& from, std::unique_ptr<T> to, std::string& fault) {
  RecordOut out;
  from->save(out);
  RecordIn in("hand-over", out.bytes());
  to->restore(in);
  if (const auto read = in.done(); !read) fault = read.error().what;
  RecordOut again;
  to->save(again);
  if (again.bytes() != out.bytes()) fault = "a restored one is not saved alike";
  from = std::move(to);
}

struct FramerRun {
  MarkRecorder marks;
  std::uint64_t complete = 0;
  std::string fault;  // empty = none
};

inline FramerRun run_framer(const FramerPlugin& plugin, std::string_view bytes, Pieces pieces,
                            std::uint64_t seed = 1, std::uint64_t begin = 0,
                            bool handed_over = false) {
  constexpr std::uint64_t kMaxHeld = 72 * 1024;
  Rng rng(seed);
  FramerRun run;
  const std::string before(bytes);
  std::unique_ptr<Framer> framer = plugin.make(begin, {});
  run.marks.last_position = begin;
  run.complete = framer->complete();
  if (run.complete != begin) run.fault = "complete() does not begin at the beginning";
  // Some 64 hand-overs behind the first bytes, where what is handed over may be as long as the
  // stream.
  const std::uint64_t farthest = std::max<std::uint64_t>(128, bytes.size() / 32);
  std::size_t next_hand_over = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t n = pieces(rng, bytes.size() - at);
    if (handed_over && at >= next_hand_over) {
      hand_over(framer, plugin.make(0, {}), run.fault);
      next_hand_over = at < 4096 ? at : at + 1 + static_cast<std::size_t>(rng.below(farthest));
    }
    framer->consume(as_byte_span(bytes.substr(at, n)), run.marks);
    at += n;
    const std::uint64_t complete = framer->complete();
    if (complete < run.complete) run.fault = "complete() went back";
    if (complete > begin + at) run.fault = "complete() is beyond what was consumed";
    if (begin + at - complete > kMaxHeld) run.fault = "complete() is too far behind";
    if (run.marks.last_position > begin + at) run.fault = "a mark lies in the future";
    run.complete = complete;
  }
  if (before != bytes) run.fault = "the framer changed the bytes";
  if (!run.marks.fault.empty()) run.fault = run.marks.fault;
  return run;
}

// Runs whole, byte by byte and in random pieces, and with hand-overs between these.  Returns what
// differs or is wrong; "" = all well.
inline std::string check_splits(const FramerPlugin& plugin, std::string_view bytes,
                                std::uint64_t begin = 0, int random_runs = 5,
                                bool each_byte = true) {
  const FramerRun whole = run_framer(plugin, bytes, all_at_once, 1, begin);
  if (!whole.fault.empty()) return whole.fault;
  for (int i = each_byte ? -2 : 0; i < random_runs; ++i) {
    const auto seed = static_cast<std::uint64_t>(i + 100);
    const bool handed_over = i == -2 || i % 2 == 1;
    const FramerRun split =
        run_framer(plugin, bytes, i < 0 ? byte_by_byte : at_random, seed, begin, handed_over);
    if (!split.fault.empty()) return split.fault + ", seed " + std::to_string(seed);
    if (split.marks.text() != whole.marks.text() || split.marks.times != whole.marks.times ||
        split.marks.header_sets != whole.marks.header_sets)
      return "seed " + std::to_string(seed) + " gives other marks:\n" + split.marks.text() +
             "instead of\n" + whole.marks.text();
    if (split.complete != whole.complete)
      return "seed " + std::to_string(seed) + " is complete to " + std::to_string(split.complete) +
             " instead of " + std::to_string(whole.complete);
  }
  return {};
}

// A title that is set before the byte at `before_byte` is given.
struct TitleChange {
  std::size_t before_byte;
  Metadata metadata;
};

// With hand-overs between the pieces where these are random.
inline std::string run_rewriter(std::unique_ptr<Rewriter> rewriter, std::string_view bytes,
                                Pieces pieces, const std::vector<TitleChange>& titles,
                                std::uint64_t seed = 1) {
  Rng rng(seed);
  std::string fault;
  Bytes out;
  auto title = titles.begin();
  for (std::size_t at = 0; at < bytes.size();) {
    for (; title != titles.end() && title->before_byte <= at; ++title)
      rewriter->set_title(title->metadata);
    std::size_t n = pieces(rng, bytes.size() - at);
    if (title != titles.end()) n = std::min(n, title->before_byte - at);
    if (pieces == at_random && rng.below(4) == 0)
      hand_over(rewriter, framer_for("audio/ogg").make_rewriter(), fault);
    rewriter->rewrite(as_byte_span(bytes.substr(at, n)), out);
    at += n;
  }
  return fault + std::string(as_text(out));
}

}  // namespace lb
