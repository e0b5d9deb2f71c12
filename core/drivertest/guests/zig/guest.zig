// A guest that is no plugin: whatever it is called with, it computes something of the bytes, with what Zig programs use
// (an allocator, hash maps, sorting, formatting of floating-point numbers, vectors), and answers a wire.Result with the
// outcome as the page's title. So tests can compare what two builds of it compute.
//
// guest.wasm beside this file is what Zig 0.11.0 makes of it:
//
//     zig build-lib guest.zig -target wasm32-wasi -mcpu=generic+simd128+bulk_memory -dynamic -rdynamic -O ReleaseSmall -fstrip
const std = @import("std");

const memory = std.heap.wasm_allocator;
var buffer: []u8 = &.{};
var result: []u8 = &.{};

export fn pergola_buffer(n: u32) [*]u8 {
    memory.free(buffer);
    buffer = memory.alloc(u8, n) catch @panic("out of memory");
    return buffer.ptr;
}

export fn pergola_call(n: u32) u64 {
    memory.free(result);
    result = answer(buffer[0..n]) catch @panic("out of memory");
    return @as(u64, @intFromPtr(result.ptr)) << 32 | result.len;
}

const Count = struct { byte: u8, n: u32 };

fn more(_: void, a: Count, b: Count) bool {
    return a.n > b.n or (a.n == b.n and a.byte < b.byte);
}

fn answer(call: []const u8) ![]u8 {
    var counts = std.AutoHashMap(u8, u32).init(memory);
    defer counts.deinit();
    for (call) |b| {
        const entry = try counts.getOrPutValue(b, 0);
        entry.value_ptr.* += 1;
    }
    var sorted = std.ArrayList(Count).init(memory);
    defer sorted.deinit();
    var it = counts.iterator();
    while (it.next()) |e| try sorted.append(.{ .byte = e.key_ptr.*, .n = e.value_ptr.* });
    std.mem.sort(Count, sorted.items, {}, more);

    var sum: @Vector(16, u16) = @splat(0);
    var i: usize = 0;
    while (i + 16 <= call.len) : (i += 16) sum +%= @as(@Vector(16, u8), call[i..][0..16].*);

    var title = std.ArrayList(u8).init(memory);
    defer title.deinit();
    try title.writer().print("zig {d} {x}", .{ call.len, @reduce(.Add, sum) });
    for (sorted.items, 0..) |c, rank| {
        if (rank == 8) break;
        try title.writer().print(" {x:0>2}:{d:.3}", .{ c.byte, @sqrt(@as(f64, @floatFromInt(c.n))) });
    }
    return std.fmt.allocPrint(memory, "\x81\xa4body\x82\xa5title\xda{c}{c}{s}\xa6blocks\x90", .{
        @as(u8, @intCast(title.items.len >> 8)), @as(u8, @truncate(title.items.len)), title.items,
    });
}
