#include "archive/open_together.h"

#include <atomic>
#include <utility>

namespace lb {
namespace {

// Answers come on the thread of RemoteArchive, one after the other; the last one goes to a reader.
struct OpeningFiles {
  OpeningFiles(ReaderPool& pool, UniqueFunction<void(OpenedFiles)> done, OpenedFiles own)
      : readers(pool), then(std::move(done)), out(std::move(own)) {}

  ReaderPool& readers;
  UniqueFunction<void(OpenedFiles)> then;
  OpenedFiles out;
  std::atomic<std::size_t> left{1};

  void one_less(const std::shared_ptr<OpeningFiles>& self) {
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
      readers.run([self] { self->then(std::move(self->out)); });
  }
};

struct BringingParts {
  BringingParts(ReaderPool& pool, UniqueFunction<void(bool)> done)
      : readers(pool), then(std::move(done)) {}

  ReaderPool& readers;
  UniqueFunction<void(bool)> then;
  std::atomic<bool> good{true};
  std::atomic<std::size_t> left{1};

  void one_less(const std::shared_ptr<BringingParts>& self) {
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
      readers.run([self] { self->then(self->good); });
  }
};

}  // namespace

void open_together(ReaderPool& readers, const std::string& dir, const std::string& mount,
                   const std::vector<FileRow>& rows, UniqueFunction<void(OpenedFiles)> then) {
  OpenedFiles own;
  own.files.resize(rows.size());
  bool far = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    far = far || rows[i].remote;
    if (rows[i].remote) continue;
    if (auto file = readers.open(dir, mount, rows[i])) own.files[i] = std::move(*file);
  }
  RemoteArchive* const remote = readers.remote();
  if (!far || remote == nullptr) return then(std::move(own));
  const auto opening = std::make_shared<OpeningFiles>(readers, std::move(then), std::move(own));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].remote) continue;
    opening->left.fetch_add(1, std::memory_order_relaxed);
    remote->load(mount, rows[i], [opening, i](const RemoteArchive::File& file) {
      if (file)
        opening->out.files[i] = *file;
      else if (file.error().code != Error::Code::kNotFound)
        opening->out.unanswered = true;
      opening->one_less(opening);
    });
  }
  opening->one_less(opening);
}

void bring_together(ReaderPool& readers, const std::vector<FilePart>& parts,
                    UniqueFunction<void(bool)> then) {
  RemoteArchive* const remote = readers.remote();
  std::vector<FilePart> missing;
  for (const FilePart& part : parts)
    if (!part.file->has(part.offset, part.bytes)) missing.push_back(part);
  if (missing.empty()) return then(true);
  if (remote == nullptr) return then(false);
  const auto bringing = std::make_shared<BringingParts>(readers, std::move(then));
  for (FilePart& part : missing) {
    bringing->left.fetch_add(1, std::memory_order_relaxed);
    readers.remote_reads.fetch_add(1, std::memory_order_relaxed);
    remote->fetch(std::move(part.file), part.offset, part.bytes, [bringing](bool good) {
      if (!good) bringing->good = false;
      bringing->one_less(bringing);
    });
  }
  bringing->one_less(bringing);
}

}  // namespace lb
