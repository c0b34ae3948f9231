// SharedList<T>: a vector whose copies share their elements, so that a copy of ten thousand, or a
// change of one element, costs only pointers.
//
// Elements of a const list are const; a non-const list copies a shared element before giving
// access.  A reference from a non-const list is valid until the next copy of the list.
// Thread: as a vector.  Lists that share elements may be on different threads, because a shared
// element is never modified.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace lb {

template <class T>
class SharedList {
  template <class List, class Value>
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    Iterator() = default;
    Iterator(List* list, std::size_t at) : list_(list), at_(at) {}
    reference operator*() const { return (*list_)[at_]; }
    pointer operator->() const { return &(*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(list_, at_++); }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    List* list_ = nullptr;
    std::size_t at_ = 0;
  };

 public:
  using value_type = T;
  using iterator = Iterator<SharedList, T>;
  using const_iterator = Iterator<const SharedList, const T>;

  SharedList() = default;
  SharedList(std::initializer_list<T> elements) {
    for (const T& element : elements) push_back(element);
  }
  SharedList(std::vector<T> elements) {  // NOLINT: implicit
    for (T& element : elements) push_back(std::move(element));
  }

  std::size_t size() const noexcept { return rows_.size(); }
  bool empty() const noexcept { return rows_.empty(); }
  const T& operator[](std::size_t i) const { return *rows_[i]; }
  const T& at(std::size_t i) const { return *rows_.at(i); }
  const T& front() const { return *rows_.front(); }
  const T& back() const { return *rows_.back(); }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size()}; }

  T& operator[](std::size_t i) {
    if (rows_[i].use_count() != 1) rows_[i] = std::make_shared<T>(*rows_[i]);
    return const_cast<T&>(*rows_[i]);  // made by this class, or copied by it
  }
  T& back() { return (*this)[size() - 1]; }
  iterator begin() { return {this, 0}; }
  iterator end() { return {this, size()}; }
  void resize(std::size_t count) {
    while (size() > count) rows_.pop_back();
    while (size() < count) emplace_back();
  }
  void push_back(T element) { rows_.push_back(std::make_shared<T>(std::move(element))); }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    rows_.push_back(std::make_shared<T>(std::forward<Args>(args)...));
    return back();
  }
  bool operator==(const SharedList& other) const {
    if (size() != other.size()) return false;
    for (std::size_t i = 0; i < size(); ++i)
      if (rows_[i] != other.rows_[i] && !(*rows_[i] == *other.rows_[i])) return false;
    return true;
  }

 private:
  std::vector<std::shared_ptr<const T>> rows_;
};

}  // namespace lb
