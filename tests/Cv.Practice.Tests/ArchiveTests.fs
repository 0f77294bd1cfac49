/// Packed files that say other than they hold: archives of arrays, and gzip.
module Cv.Tests.ArchiveTests

open System
open System.Buffers.Binary
open System.Collections.Generic
open System.IO
open System.IO.Compression
open System.Text
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.DataFiles
open Expecto

let private crc (bytes: byte[]) =
    use sum = new Crc32Stream(new MemoryStream(bytes))
    sum.CopyTo Stream.Null
    sum.Sum

let private deflate (bytes: byte[]) =
    use packed = new MemoryStream()

    (use stream = new DeflateStream(packed, CompressionLevel.Optimal)
     stream.Write bytes)

    packed.ToArray()

/// The .npy file of so many ones.
let private npy (count: int) =
    use stream = new MemoryStream()

    use state =
        new ModelState([ KeyValuePair("a", Tensor.From(shape [ count ], Array.create count 1.0f)) ])

    Npz.Write(stream, state)

    use archive =
        new ZipArchive(new MemoryStream(stream.ToArray()), ZipArchiveMode.Read)

    use entry = archive.Entries[0].Open()
    use copy = new MemoryStream()
    entry.CopyTo copy
    copy.ToArray()

/// One file of an archive as it is written by hand: what each header says, and what is there.
type private File' = {
    Name: string
    LocalName: string
    Method: int
    Data: byte[]
    Size: int64
    Crc: uint32
    Flags: int
    LocalFlags: int
    LocalCrc: uint32
    Extra: byte[]
}

let private file name method' (content: byte[]) = {
    Name = name
    LocalName = name
    Method = method'
    Data = if method' = 8 then deflate content else content
    Size = content.Length
    Crc = crc content
    Flags = 0
    LocalFlags = 0
    LocalCrc = crc content
    Extra = [||]
}

let private u16 (value: int) = [| byte value; byte (value >>> 8) |]

let private u32 (value: int64) =
    let bytes = Array.zeroCreate 4
    BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(), uint32 value)
    bytes

let private local f =
    let name = Encoding.UTF8.GetBytes f.LocalName
    let follows = f.LocalFlags &&& 8 <> 0
    let said value = u32 (if follows then 0L else value)

    Array.concat [
        "PK\003\004"B
        u16 20
        u16 f.LocalFlags
        u16 f.Method
        u16 0
        u16 33
        said (int64 f.LocalCrc)
        said f.Data.Length
        said f.Size
        u16 name.Length
        u16 f.Extra.Length
        name
        f.Extra
        f.Data
    ]

let private central f (at: int) =
    let name = Encoding.UTF8.GetBytes f.Name

    Array.concat [
        "PK\001\002"B
        u16 20
        u16 20
        u16 f.Flags
        u16 f.Method
        u16 0
        u16 33
        u32 (int64 f.Crc)
        u32 f.Data.Length
        u32 f.Size
        u16 name.Length
        u16 0
        u16 0
        u16 0
        u16 0
        u32 0
        u32 at
        name
    ]

let private ending (count: int) (size: int) (at: int) =
    Array.concat [ "PK\005\006"B; u16 0; u16 0; u16 count; u16 count; u32 size; u32 at; u16 0 ]

/// Puts files together; place tells where the directory says that each begins.
let private archiveAt (place: int -> int -> int) (files: File' list) =
    let bodies = files |> List.map local
    let starts = bodies |> List.scan (fun at body -> at + body.Length) 0

    let directory =
        Array.concat (List.mapi (fun i f -> central f (place i starts[i])) files)

    let all = Array.concat bodies
    Array.concat [ all; directory; ending files.Length directory.Length all.Length ]

let private archive files = archiveAt (fun _ at -> at) files

let private read (budget: int64 option) (bytes: byte[]) =
    use stream = new MemoryStream(bytes)
    Npz.Read(stream, "FILE", Option.toNullable budget)

/// The error's text, and the memory that was taken on the way to it.
let private refused (act: unit -> 'a) =
    let before = GC.GetAllocatedBytesForCurrentThread()

    let text =
        try
            act () |> ignore
            failtest "read"
        with :? DataException as ex ->
            ex.Message

    text, GC.GetAllocatedBytesForCurrentThread() - before

let private zips =
    let three = npy 3

    testList "archives" [
        testCase "by hand as by the writer"
        <| fun () ->
            for files in
                [
                    [ file "a.npy" 0 three ]
                    [ file "a.npy" 8 three; file "b.npy" 0 (npy 5) ]
                    // as a writer has it that cannot go back, as NumPy's to a pipe
                    [ { file "a.npy" 8 three with Flags = 8; LocalFlags = 8 } ]
                    // with padding, which is no field
                    [ { file "a.npy" 0 three with Extra = [| 0uy; 0uy; 0uy |] } ]
                ] do
                use state = read None (archive files)
                Expect.equal (state["a"].ToArray<float32>()) [| 1.0f; 1.0f; 1.0f |] "the array"

        testCase "sizes of 64 bits, as NumPy writes them"
        <| fun () ->
            // numpy.savez says 0xFFFFFFFF in a file's header, and the sizes in an extra field
            let f = file "a.npy" 0 three

            let extra =
                Array.concat [ u16 1; u16 16; BitConverter.GetBytes(int64 three.Length); BitConverter.GetBytes(int64 three.Length) ]

            let header = local { f with Extra = extra }

            for at in 18..25 do
                header[at] <- 0xFFuy

            let directory = central f 0

            use state =
                read None (Array.concat [ header; directory; ending 1 directory.Length header.Length ])

            Expect.equal (state["a"].ToArray<float32>()) [| 1.0f; 1.0f; 1.0f |] "the array"

        testCase "behind other bytes of a stream"
        <| fun () ->
            use stream =
                new MemoryStream(Array.append [| 1uy; 2uy; 3uy |] (archive [ file "a.npy" 8 three ]))

            stream.Position <- 3L
            use state = Npz.Read(stream, "FILE")
            Expect.equal (Seq.toList state.Names) [ "a" ] "from where it stands"

        for name, bytes, text in
            [
                "two names, one body",
                archiveAt (fun _ _ -> 0) [ file "a.npy" 0 three; file "a.npy" 0 three ],
                "expected files that share no bytes, found \"a.npy\" inside of the one before it"

                "a body inside of another's",
                (let inner = local (file "b.npy" 0 three)
                 let outer = { file "a.npy" 0 inner with Crc = crc inner }
                 let body = local outer

                 let directory =
                     Array.append (central outer 0) (central (file "b.npy" 0 three) (body.Length - inner.Length))

                 Array.concat [ body; directory; ending 2 directory.Length body.Length ]),
                "expected files that share no bytes"

                "another name in its own header",
                archive [ { file "a.npy" 0 three with LocalName = "b.npy" } ],
                "expected \"a.npy\" to be named so in its own header too, found \"b.npy\""

                "a longer name in its own header",
                archive [ { file "a.npy" 0 three with LocalName = "aa.npy" } ],
                "to be named so in its own header too"

                "names in two encodings", archive [ { file "a.npy" 0 three with LocalFlags = 1 <<< 11 } ], "to be named so"

                "another checksum in its own header",
                archive [ { file "a.npy" 0 three with LocalCrc = 7u } ],
                "to have one method, size and checksum in both headers"

                "a wrong checksum in both",
                archive [ { file "a.npy" 8 three with Crc = 7u; LocalCrc = 7u } ],
                "\"a\" to have the checksum 00000007"

                "a name twice", archive [ file "a.npy" 0 three; file "a.npy" 8 three ], "expected each name once, found \"a\" twice"

                "a password", archive [ { file "a.npy" 0 three with Flags = 1; LocalFlags = 1 } ], "without a password"

                "an unknown method", archive [ { file "a.npy" 0 three with Method = 12 } ], "stored or deflated, found method 12"

                "more than it says", archive [ { file "a.npy" 8 three with Size = 10L } ], "10 bytes, as the archive says, found more"

                "less than it says", archive [ { file "a.npy" 8 three with Size = 1000L } ], "1000 bytes, as the archive says"

                "no directory", three, "expected a ZIP archive, found no end of one"

                "a directory elsewhere", Array.append [| 0uy |] (archive [ file "a.npy" 0 three ]), "a directory right before the end"

                "no file in the archive's place",
                archiveAt (fun _ _ -> 5) [ file "a.npy" 0 three ],
                "\"a.npy\" to have a header, found other bytes"

                "a file that is no array", archive [ file "a.txt" 0 three ], "expected files named .npy, found \"a.txt\""
            ] do
            testCase $"refused: {name}"
            <| fun () ->
                let found, taken = refused (fun () -> read None bytes)
                Expect.stringStarts found "FILE: " "names the file"
                Expect.stringContains found text "the text"
                Expect.isLessThan taken 2_000_000L "and takes no memory"

        testCase "a small file that asks for 1.9 GB"
        <| fun () ->
            // the claim of the headers, of a body that is not there
            let greedy = { file "a.npy" 8 three with Size = 1_900_000_000L }
            let text, taken = refused (fun () -> read None (archive [ greedy ]))
            Expect.stringContains text "at most 67108864 bytes when unpacked; a file that may take more is read with a budget" "the text"
            Expect.isLessThan taken 1_000_000L "takes no memory"
            // with a budget, as much is read as there is
            let text, taken =
                refused (fun () -> read (Some 4_000_000_000L) (archive [ greedy ]))

            Expect.stringContains text "1900000000 bytes, as the archive says, found 140" "counted"
            Expect.isLessThan taken 1_000_000L "takes no memory"

        testCase "many files of one packed body: the budget is for all together"
        <| fun () ->
            let zeros = npy 4_000_000
            let bytes = archive [ for i in 1..6 -> file $"a{i}.npy" 8 zeros ]
            Expect.isLessThan bytes.Length 1_000_000 "a small file"
            let text, _ = refused (fun () -> read None bytes)
            Expect.stringContains text "\"a5\" to have at most 67108864 bytes when unpacked" "four of them fit"
            use all = read (Some 100_000_000L) bytes
            Expect.hasLength all.Names 6 "with a budget"

        testCase "bytes that become numbers of four take four times the budget"
        <| fun () ->
            let header = NpyHeader.Of(TensorType(DType.F32, shape [ 1000 ]))
            let text = Encoding.ASCII.GetString(header).Replace("<f4", "|u1")
            let bytes = Array.append (Encoding.Latin1.GetBytes text) (Array.zeroCreate 1000)
            bytes[0] <- 0x93uy
            let packed = archive [ file "a.npy" 8 bytes ]
            let text, _ = refused (fun () -> read (Some 3999L) packed)
            Expect.stringContains text "at most 3999 bytes when unpacked, the budget that was given" "the text"
            use state = read (Some 4000L) packed
            Expect.equal state["a"].DType DType.I32 "read"

        testCase "a shape of more dims than a tensor has"
        <| fun () ->
            let most =
                NpyHeader.Of(TensorType(DType.F32, Shape.Of(Array.create Shape.MostDims 1)))

            let header =
                (Encoding.Latin1.GetString most).Replace("'shape': (1,", "'shape': (1, 1,").Replace("   \n", "\n")
                |> Encoding.Latin1.GetBytes

            Expect.hasLength header most.Length "as long, by its padding"
            let bytes = archive [ file "a.npy" 0 (Array.append header (Array.zeroCreate 4)) ]
            let text, _ = refused (fun () -> read None bytes)
            Expect.stringContains text "a shape that its" "the text"
    ]

let private gzips =
    let small = idxImages 5 3 4
    let labels = idxLabels [ 0; 1; 2; 3; 4 ]

    let readIdx (budget: int64 option) (images: byte[]) =
        Idx.Read(new MemoryStream(images), new MemoryStream(labels), "small", Mnist.ClassNames, Option.toNullable budget)

    testList "gzip" [
        testCase "a header that says 2 GB"
        <| fun () ->
            let images = small |> set 4 0x08uy
            let text, taken = refused (fun () -> readIdx None (gzip images))
            Expect.stringContains text "expected 1610612796 bytes (134217733 images of 3 x 4), found 60" "the text"
            Expect.isLessThan taken 1_000_000L "takes no memory"

        testCase "zeros past the budget"
        <| fun () ->
            let images = Array.append small (Array.zeroCreate 80_000_000) |> gzip
            Expect.isLessThan images.Length 100_000 "a small file"
            let text, taken = refused (fun () -> readIdx None images)
            Expect.stringContains text "expected at most 67108864 bytes when unpacked" "the text"
            Expect.isLessThan taken 1_000_000L "takes no memory"
            let text, _ = refused (fun () -> readIdx (Some 100_000_000L) images)
            Expect.stringContains text "expected the end of the file, found 80000000 more bytes" "with a budget, it is what it is"

        testCase "a budget that is given holds below the usual one, too"
        <| fun () ->
            let text, _ = refused (fun () -> readIdx (Some 10L) (gzip small))
            Expect.stringContains text "expected at most 10 bytes when unpacked, the budget that was given, found more" "the text"
            Expect.equal (readIdx (Some(int64 small.Length)) (gzip small)).Count 5 "what fits is read"
            Expect.equal (readIdx (Some 0L) small).Count 5 "what is not packed has no bound"
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> readIdx (Some -1L) (gzip small) |> ignore) "a negative one"

        testCase "CIFAR-10's memory is what its files hold"
        <| fun () ->
            inFolder (fun folder ->
                for file in [ for i in 1..5 -> $"data_batch_{i}.bin" ] @ [ "test_batch.bin" ] do
                    File.WriteAllBytes(Path.Combine(folder, file), cifarRecord 1 1)

                let text, taken = refused (fun () -> Cifar10.Read folder)
                Expect.stringContains text "at offset 3073: expected 30726927 more bytes of image 2 of 10000" "the text"
                Expect.isLessThan taken 2_000_000L "takes no memory"

                Expect.throwsT<ArgumentOutOfRangeException>
                    (fun () -> Cifar10.Read(folder, Int32.MaxValue) |> ignore)
                    "more images than an array holds")

        testCase "streams that cannot seek are refused as the caller's mistake"
        <| fun () ->
            use stream =
                new DeflateStream(new MemoryStream(deflate small), CompressionMode.Decompress)

            for act in
                [
                    fun () -> Npz.Read(stream, "FILE") |> ignore
                    fun () -> Safetensors.Read(stream, "FILE") |> ignore
                    fun () -> Idx.Read(stream, stream, "FILE", Mnist.ClassNames) |> ignore
                ] do
                Expect.throwsT<ArgumentException> act "refused"
    ]

let private texts =
    testList "messages" [
        testCase "a message does not grow with the file"
        <| fun () ->
            let long = String('x', 1_000_000)

            let header (json: string) =
                let bytes = Encoding.UTF8.GetBytes json
                Array.append (BitConverter.GetBytes(int64 bytes.Length)) bytes

            for json in
                [
                    $"""{{"{long}":1}}"""
                    $"""{{"a":"{long}"}}"""
                    $"""{{"{long}":{{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}}}"""
                    $"""{{"a":{{"dtype":"{long}","shape":[1],"data_offsets":[0,4]}}}}"""
                    $"""{{"__metadata__":{{"a":["{long}"]}}}}"""
                    $"""{{"a":1,"{long}":2,"{long}":3}}"""
                    $"""{long}"""
                ] do
                use stream = new MemoryStream(header json)

                Expect.throwsC (fun () -> Safetensors.Read(stream, "FILE") |> ignore) (fun ex ->
                    Expect.isLessThan ex.Message.Length 1000 "short")

            for text in [ long; $"{{'{long}': 1}}"; $"{{'descr': '{long}'}}"; $"{{'shape': ({long})}}" ] do
                let bytes =
                    Array.concat [ [| 0x93uy |]; "NUMPY"B; [| 2uy; 0uy |]; BitConverter.GetBytes text.Length; Encoding.ASCII.GetBytes text ]

                let found, _ = refused (fun () -> read None (archive [ file "a.npy" 0 bytes ]))
                Expect.isLessThan found.Length 1000 "short"
    ]

[<Tests>]
let tests = testList "Archives" [ zips; gzips; texts ]
