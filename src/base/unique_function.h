// UniqueFunction<R(Args...)>: a move-only callable, so that a task may own a Listener.
// std::move_only_function needs C++23.  Small callables (≤ 48 bytes) are stored in place.
// Thread: movable between threads; one owner at a time.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace lb {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT: implicit, as in std::function

  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
      UniqueFunction(F&& f) {  // NOLINT: implicit, as in std::function
    using Fn = std::remove_cvref_t<F>;
    if constexpr (sizeof(Fn) <= kInPlace && alignof(Fn) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Fn>) {
      ::new (static_cast<void*>(place_)) Fn(std::forward<F>(f));
      ops_ = &in_place_ops<Fn>;
    } else {
      ::new (static_cast<void*>(place_)) Fn*(new Fn(std::forward<F>(f)));
      ops_ = &on_heap_ops<Fn>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const noexcept { return ops_ != nullptr; }
  // REQUIRES: not empty
  R operator()(Args... args) { return ops_->call(place_, std::forward<Args>(args)...); }

 private:
  static constexpr std::size_t kInPlace = 48;
  struct Ops {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };
  template <class Fn>
  static constexpr Ops in_place_ops{[](void* p, Args&&... args) -> R {
                                      return (*static_cast<Fn*>(p))(std::forward<Args>(args)...);
                                    },
                                    [](void* from, void* to) noexcept {
                                      ::new (to) Fn(std::move(*static_cast<Fn*>(from)));
                                      static_cast<Fn*>(from)->~Fn();
                                    },
                                    [](void* p) noexcept { static_cast<Fn*>(p)->~Fn(); }};
  template <class Fn>
  static constexpr Ops on_heap_ops{
      [](void* p, Args&&... args) -> R {
        return (**static_cast<Fn**>(p))(std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept { ::new (to) Fn*(*static_cast<Fn**>(from)); },
      [](void* p) noexcept { delete *static_cast<Fn**>(p); }};

  void take(UniqueFunction& other) noexcept {
    if (other.ops_ == nullptr) return;
    other.ops_->move(other.place_, place_);
    ops_ = std::exchange(other.ops_, nullptr);
  }
  void reset() noexcept {
    if (const Ops* ops = std::exchange(ops_, nullptr)) ops->destroy(place_);
  }

  alignas(std::max_align_t) std::byte place_[kInPlace];
  const Ops* ops_ = nullptr;
};

}  // namespace lb
