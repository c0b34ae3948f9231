#include "stream/log/store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/cat.h"

namespace lb {

Segment::~Segment() {
  if (data != nullptr) ::munmap(data, size_bytes);
}

std::size_t Store::page_bytes() noexcept {
  static const auto kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return kPage;
}

Result<std::shared_ptr<Store>> Store::memfd(const std::string& name) {
  UniqueFd fd(::memfd_create(name.substr(0, 200).c_str(), MFD_CLOEXEC));
  if (!fd)
    return Error::io(cat({"log of ", name, ": memfd_create failed (", std::strerror(errno), ")"}));
  return std::shared_ptr<Store>(new Store(std::move(fd)));
}

Result<std::shared_ptr<Segment>> Store::extend(std::uint64_t at, std::size_t bytes) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(at + bytes)) != 0)
    return Error::io(cat({"stream log: cannot grow (", std::strerror(errno), ")"}));
  return map(at, bytes);
}

Result<std::shared_ptr<Segment>> Store::map(std::uint64_t at, std::size_t bytes) {
  void* mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), static_cast<off_t>(at));
  if (mapped == MAP_FAILED)
    return Error::io(cat({"stream log: cannot map (", std::strerror(errno), ")"}));
  ::madvise(mapped, bytes, MADV_NOHUGEPAGE);
  return std::make_shared<Segment>(at, bytes, static_cast<std::byte*>(mapped));
}

void Store::punch(std::uint64_t from, std::uint64_t to) noexcept {
  if (to > from)
    ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                static_cast<off_t>(to - from));
}

}  // namespace lb
