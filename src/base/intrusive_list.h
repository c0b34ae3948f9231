// IntrusiveList<T>: a doubly linked list whose hook is in the element and unlinks itself when the
// element is destroyed.  An element is in at most one list of a hook, so the list can represent its
// state.
//
// Thread: one thread owns a list and all its elements.
// Ownership: the list owns nothing.
#pragma once

#include <cassert>
#include <cstddef>

namespace lb {

class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  bool linked() const noexcept { return next_ != this; }
  void unlink() noexcept {
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = this;
  }

 private:
  template <class T>
  friend class IntrusiveList;
  void insert_before(ListHook& at) noexcept {
    assert(!linked());
    prev_ = at.prev_;
    next_ = &at;
    prev_->next_ = this;
    at.prev_ = this;
  }
  ListHook* next_ = this;
  ListHook* prev_ = this;
};

// T derives from ListHook.
template <class T>
class IntrusiveList {
 public:
  bool empty() const noexcept { return !head_.linked(); }
  void push_back(T& element) noexcept {
    ListHook& hook = element;
    hook.unlink();
    hook.insert_before(head_);
  }
  void push_front(T& element) noexcept {
    ListHook& hook = element;
    hook.unlink();
    hook.insert_before(*head_.next_);
  }
  // REQUIRES: not empty
  T& front() noexcept { return static_cast<T&>(*head_.next_); }
  T* pop_front() noexcept {
    if (empty()) return nullptr;
    T& first = front();
    static_cast<ListHook&>(first).unlink();
    return &first;
  }
  // Moves all elements of other to the end of this list; O(1).
  void splice_back(IntrusiveList& other) noexcept {
    if (other.empty()) return;
    ListHook* first = other.head_.next_;
    ListHook* last = other.head_.prev_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
    other.head_.next_ = other.head_.prev_ = &other.head_;
  }
  // f may unlink or delete only the given element.
  template <class F>
  void for_each(F&& f) {
    for (ListHook* at = head_.next_; at != &head_;) {
      ListHook* next = at->next_;
      f(static_cast<T&>(*at));
      at = next;
    }
  }
  // O(n); for tests and short lists.
  std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const ListHook* at = head_.next_; at != &head_; at = at->next_) ++n;
    return n;
  }

 private:
  ListHook head_;
};

}  // namespace lb
