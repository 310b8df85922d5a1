#include "core/results/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace speclab {
namespace {

using Size = std::uint64_t;

union Along {  // aligned as the system wants it
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

bool read_all(int from, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = recv(from, at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Channel::Channel(Channel&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Channel& Channel::operator=(Channel&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Channel::~Channel() {
  if (descriptor_ >= 0) close(descriptor_);
}

// Size and message in one call, as each may wake the other process.
bool Channel::send(const Bytes& message, int along) const {
  Size size = message.size();
  iovec parts[] = {{&size, sizeof size}, {const_cast<std::uint8_t*>(message.data()), message.size()}};
  msghdr whole{};
  whole.msg_iov = parts;
  whole.msg_iovlen = 2;
  Along control{};
  if (along >= 0) {
    whole.msg_control = control.bytes;
    whole.msg_controllen = sizeof control.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&whole);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof along);
    std::memcpy(CMSG_DATA(header), &along, sizeof along);
  }
  while (whole.msg_iovlen > 0) {
    const ssize_t sent = sendmsg(descriptor_, &whole, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    whole.msg_control = nullptr;
    whole.msg_controllen = 0;
    auto left = static_cast<std::size_t>(sent);
    while (whole.msg_iovlen > 0 && left >= whole.msg_iov->iov_len) {
      left -= whole.msg_iov->iov_len;
      ++whole.msg_iov;
      --whole.msg_iovlen;
    }
    if (whole.msg_iovlen == 0) break;
    whole.msg_iov->iov_base = static_cast<char*>(whole.msg_iov->iov_base) + left;
    whole.msg_iov->iov_len -= left;
  }
  return true;
}

// In pieces, so that a size that is no size takes no memory.
bool Channel::receive(Bytes& message, int* along) const {
  constexpr Size kPiece = 1 << 26;
  Size size = 0;
  iovec part{&size, sizeof size};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  Along control{};
  if (along != nullptr) {
    *along = -1;
    head.msg_control = control.bytes;
    head.msg_controllen = sizeof control.bytes;
  }
  ssize_t got = 0;
  do got = recvmsg(descriptor_, &head, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  if (const cmsghdr* header = along == nullptr ? nullptr : CMSG_FIRSTHDR(&head);
      header != nullptr && header->cmsg_type == SCM_RIGHTS)
    std::memcpy(along, CMSG_DATA(header), sizeof *along);
  const auto had = static_cast<std::size_t>(got);
  if (!read_all(descriptor_, reinterpret_cast<char*>(&size) + had, sizeof size - had)) return false;
  message.clear();
  while (message.size() < size) {
    const std::size_t before = message.size();
    message.resize(before + static_cast<std::size_t>(std::min(kPiece, size - before)));
    if (!read_all(descriptor_, message.data() + before, message.size() - before)) return false;
  }
  return true;
}

ChannelPair make_channel() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  return {Channel(ends[0]), Channel(ends[1])};
}

}  // namespace speclab
