// Formats whose marks a test can compute.
#pragma once

#include <memory>
#include <string>

#include "media/framer.h"

namespace lb::test {

// Units of a hundred bytes.  Names its codec at the first byte.
class UnitFramer final : public Framer {
 public:
  static constexpr std::uint64_t kUnit = 100;

  explicit UnitFramer(std::uint64_t begin) : begin_(begin), position_(begin) {}
  void consume(std::span<const std::byte> bytes, MarkSink& sink) override {
    if (bytes.empty()) return;
    if (position_ == begin_) {
      CodecFacts facts;
      facts.subtype = "Units";
      sink.codec(facts);
    }
    const std::uint64_t next = begin_ + (position_ - begin_ + kUnit - 1) / kUnit * kUnit;
    position_ += bytes.size();
    for (std::uint64_t at = next; at < position_; at += kUnit) sink.sync(at, {});
  }
  std::uint64_t complete() const noexcept override {
    return position_ - (position_ - begin_) % kUnit;
  }
  void save(RecordOut& out) const override {
    out(1, begin_);
    out(2, position_);
  }
  void restore(RecordIn& in) override {
    in(1, begin_);
    in(2, position_);
  }

 private:
  std::uint64_t begin_;
  std::uint64_t position_;
};

// Lines pass when they are whole; a title is put before the next one as "[TITLE]".
class LineRewriter final : public Rewriter {
 public:
  void rewrite(std::span<const std::byte> bytes, Bytes& out) override {
    for (const std::byte byte : bytes) {
      line_.push_back(byte);
      if (byte != std::byte{'\n'}) continue;
      for (const char c : title_) out.push_back(static_cast<std::byte>(c));
      title_.clear();
      out.insert(out.end(), line_.begin(), line_.end());
      line_.clear();
    }
  }
  bool set_title(const Metadata& metadata) override {
    if (metadata.title == "refused") return false;
    title_ = "[" + metadata.title + "]";
    return true;
  }
  void save(RecordOut& out) const override {
    out(1, line_);
    out(2, title_);
  }
  void restore(RecordIn& in) override {
    in(1, line_);
    in(2, title_);
  }

 private:
  Bytes line_;
  std::string title_;
};

// Every byte is complete; no marks.
class PlainFramer final : public Framer {
 public:
  explicit PlainFramer(std::uint64_t begin) : position_(begin) {}
  void consume(std::span<const std::byte> bytes, MarkSink&) override { position_ += bytes.size(); }
  std::uint64_t complete() const noexcept override { return position_; }
  void save(RecordOut& out) const override { out(1, position_); }
  void restore(RecordIn& in) override { in(1, position_); }

 private:
  std::uint64_t position_;
};

template <class F>
std::unique_ptr<Framer> make_framer(std::uint64_t begin, MediaTime) {
  return std::make_unique<F>(begin);
}
inline std::unique_ptr<Rewriter> make_line_rewriter() { return std::make_unique<LineRewriter>(); }

constexpr FramerPlugin kUnits{"units", {}, true, make_framer<UnitFramer>, nullptr};
constexpr FramerPlugin kPlain{"plain", {}, true, make_framer<PlainFramer>, nullptr};
constexpr FramerPlugin kWithoutTitles{"silent", {}, false, make_framer<PlainFramer>, nullptr};
constexpr FramerPlugin kLines{"lines", {}, false, make_framer<PlainFramer>, make_line_rewriter};

}  // namespace lb::test
