// Result<T>: the only error type of the project.  A value, or an Error with a readable text.
// It is the subset of std::expected that we use; C++23 can replace it by an alias.
// Thread: a plain value type; no shared state.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace lb {

struct Error {
  enum class Code : std::uint8_t {
    kInvalid,      // input that breaks a rule
    kNotFound,     // the named thing does not exist
    kDenied,       // not allowed
    kLimit,        // a configured limit was reached
    kTimeout,      // too late
    kClosed,       // the other side went away
    kIo,           // the operating system reported an error
    kUnsupported,  // valid, but not implemented
  };
  Code code = Code::kInvalid;
  std::string what;  // subject, what happened, the number: "mount /live: already has a source"

  static Error invalid(std::string what) { return {Code::kInvalid, std::move(what)}; }
  static Error not_found(std::string what) { return {Code::kNotFound, std::move(what)}; }
  static Error denied(std::string what) { return {Code::kDenied, std::move(what)}; }
  static Error limit(std::string what) { return {Code::kLimit, std::move(what)}; }
  static Error timeout(std::string what) { return {Code::kTimeout, std::move(what)}; }
  static Error closed(std::string what) { return {Code::kClosed, std::move(what)}; }
  static Error io(std::string what) { return {Code::kIo, std::move(what)}; }
  static Error unsupported(std::string what) { return {Code::kUnsupported, std::move(what)}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: has_value()
  T& value() & {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !has_value()
  const Error& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit

  bool has_value() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  const Error& error() const {
    assert(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace lb
