/// Folders as official archives, and other programs, leave them.
module Cv.Tests.DataFolderTests

open System.IO
open System.IO.Compression
open Cv.Runtime
open Cv.Tests.DataFiles
open Expecto

let private write folder name (bytes: byte[]) =
    File.WriteAllBytes(Path.Combine(folder, name), bytes)

/// A record of CIFAR-10: label, then the red, the green and the blue plane, each of one value.
let private record label red green blue =
    Array.concat [ [| label |]; Array.replicate 1024 red; Array.replicate 1024 green; Array.replicate 1024 blue ]

let private cifar folder =
    for i in 1..5 do
        write folder $"data_batch_{i}.bin" (record (byte i) 1uy 2uy 3uy)

    write folder "test_batch.bin" (record 9uy 4uy 5uy 6uy)

let private idx folder (name: string -> string) (packed: bool) =
    let pack (bytes: byte[]) =
        if packed then
            use target = new MemoryStream()

            (use stream = new GZipStream(target, CompressionLevel.Optimal)
             stream.Write bytes)

            target.ToArray()
        else
            bytes

    for part, label in [ "train", 3uy; "t10k", 7uy ] do
        write
            folder
            (name $"{part}-images-idx3-ubyte")
            (pack [| 0uy; 0uy; 8uy; 3uy; 0uy; 0uy; 0uy; 1uy; 0uy; 0uy; 0uy; 1uy; 0uy; 0uy; 0uy; 2uy; label; 9uy |])

        write folder (name $"{part}-labels-idx1-ubyte") (pack [| 0uy; 0uy; 8uy; 1uy; 0uy; 0uy; 0uy; 1uy; label |])

[<Tests>]
let tests =
    testList "data folders" [
        for inner in [ ""; "cifar-10-batches-bin" ] do
            testCase $"CIFAR-10 in '{inner}'"
            <| fun () ->
                inFolder (fun folder ->
                    let files = Path.Combine(folder, inner)
                    Directory.CreateDirectory files |> ignore
                    cifar files
                    let data = Cifar10.Read(folder, 1)
                    Expect.equal (data.Train.Labels.ToArray()) [| 1uy .. 5uy |] "labels"
                    Expect.equal (data.Test.Image(0).Slice(0, 6).ToArray()) [| 4uy; 5uy; 6uy; 4uy; 5uy; 6uy |] "pixels, not planes")

        testCase "a folder of CIFAR-10 without files is told by its own name"
        <| fun () ->
            inFolder (fun folder ->
                Expect.throwsC (fun () -> Cifar10.Read folder |> ignore) (fun ex ->
                    let missing = Path.Combine(folder, "data_batch_1.bin")

                    Expect.equal
                        ex.Message
                        $"{missing}: expected a file, found none. Check the folder, or fetch the data first."
                        "the text"))

        for name, text in
            [
                id, "as published"
                (fun file -> file + ".gz"), ".gz"
                (fun file -> file.Replace("-idx", ".idx")), "a dot"
                (fun file -> file.Replace("-idx", ".idx") + ".gz"), "a dot, .gz"
            ] do
            for packed in [ false; true ] do
                let content = if packed then "gzip" else "plain"

                testCase $"IDX files named {text}, {content} by content"
                <| fun () ->
                    inFolder (fun folder ->
                        idx folder name packed
                        let data = Mnist.Read folder
                        Expect.equal (data.Train.Images.ToArray(), data.Train.Labels.ToArray()) ([| 3uy; 9uy |], [| 3uy |]) "train"
                        Expect.equal (data.Test.Images.ToArray(), data.Test.Labels.ToArray()) ([| 7uy; 9uy |], [| 7uy |]) "test")
    ]
