/// The arena's bookkeeping: pieces that live at once never overlap, and each stands as low as it can.
module Cv.Tests.FreeSpaceTests

open Cv.Compiler
open Expecto

/// The lowest offset at which so many bytes fit between the pieces, found by trying each end.
let private lowest (pieces: (int64 * int64) list) size =
    0L :: [ for at, length in pieces -> at + length ]
    |> List.sort
    |> List.find (fun at ->
        pieces
        |> List.forall (fun (other, length) -> at + size <= other || other + length <= at))

[<Tests>]
let tests =
    testList "free space" [
        testProperty "pieces stand as low as they can, and apart" (fun (steps: (byte * bool) list) ->
            let space = FreeSpace()
            let mutable live = []
            let mutable top = 0L

            for size, frees in steps do
                match live with
                | _ :: _ when frees ->
                    let at, length = live[int size % live.Length]
                    live <- List.except [ at, length ] live
                    space.Free(at, length)
                | _ ->
                    let size = int64 size + 1L
                    let expected = lowest live size
                    Expect.equal (space.Take size) expected "the offset"
                    live <- (expected, size) :: live
                    top <- max top (expected + size)

            Expect.equal space.End top "the end")
    ]
