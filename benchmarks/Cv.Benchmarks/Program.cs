using System.CommandLine;
using Cv.Benchmarks;
using Cv.Compiler;
using Cv.Dsl;

var threads = new Option<int>("--threads")
{
    Description = "The number of threads, 1 to 256",
    DefaultValueFactory = _ => Environment.ProcessorCount,
    Recursive = true,
};
var seconds = new Option<double?>("--seconds")
{
    Description = "How long to time one thing, or one turn of it; 2 for a workload alone, 0.5 for its turn, 0.2 for a kernel's",
    Recursive = true,
};
var rounds = new Option<int>("--rounds")
{
    Description = "The number of turns of either side",
    DefaultValueFactory = _ => 6,
    Recursive = true,
};
var width = new Option<string>("--width")
{
    Description = "The bits of a vector; the widest that the processor has, unless given",
    Recursive = true,
};
width.AcceptOnlyFromAmong("128", "256", "512");
var peerFile = new Option<FileInfo>("--peer") { Description = "The program to compare with, peer_torch.py", Recursive = true };
var quick = new Option<bool>("--quick")
{
    Description = "Run everything a few times only, to see that all works",
    Arity = ArgumentArity.Zero,
    Recursive = true,
};
var autotune = new Option<bool>("--autotune")
{
    Description = "Choose the tiles of products and convolutions by a short measurement, once a machine, instead of the cost model",
    Arity = ArgumentArity.Zero,
    Recursive = true,
};
var kernels = new Option<bool>("--kernels")
{
    Description = "Print what each kernel of a step, or of a convolution, takes, instead",
    Arity = ArgumentArity.Zero,
    Recursive = true,
};
var explain = Flag("--explain", "Print every stage of the compilation, instead");
var share = Flag("--share", "Print the part of the machine's multiply-add peak that a step reaches, instead");
var workloads = new Argument<string[]>("WORKLOAD")
{
    Description = "What to time; everything, unless given",
    DefaultValueFactory = _ => [.. Workload.All.Select(w => w.Name)],
};
workloads.AcceptOnlyFromAmong([.. Workload.All.Select(w => w.Name)]);

var command = new RootCommand("Times one training step (forward, backward, parameter update) of each workload, and prints JSON lines.")
{
    threads,
    seconds,
    rounds,
    width,
    peerFile,
    autotune,
    quick,
    kernels,
    explain,
    share,
    workloads,
    Table("gemm", "Times products of matrices, against OpenBLAS where it is installed", Gemm),
    Table("convolution", "Times convolutions, forward and backward, against the peer if one is given", Convolution),
    Table("loops", "Times functions against System.Numerics.Tensors, and a chain of operations against a copy", Loops),
    Table("compile", "Times compilation, the first step included", Compilation),
};
command.SetAction(given => Guarded(given, RunSteps));
return command.Parse(args).Invoke();

void RunSteps(ParseResult given)
{
    using var peer = PeerOf(given);
    foreach (string name in given.GetValue(workloads)!)
    {
        var workload = Workload.All.First(w => w.Name == name);
        var options = OptionsOf(given);
        if (given.GetValue(explain))
            Console.WriteLine(new Bench(workload, options).Explain());
        else if (given.GetValue(kernels))
            new Bench(workload, options).PrintKernels(Console.Out);
        else if (given.GetValue(share))
            Text.Print(StepTable.Share(workload, options, PaceOf(given, 0.5)));
        else if (peer is not null)
            Text.Print(StepTable.Against(peer, workload, options, PaceOf(given, 0.5)));
        else
            Text.Print(StepTable.Alone(workload, options, given.GetValue(quick) ? 0 : given.GetValue(seconds) ?? 2));
    }
    // the short run of everything, by which one sees that all works, is all of it
    if (!given.GetValue(quick) || given.GetResult(workloads) is { Implicit: false })
        return;
    Text.Print(StepTable.Share(Workload.All[0], OptionsOf(given), Pace.Quick));
    Gemm(given);
    Convolution(given);
    Loops(given);
    Compilation(given);
}

void Gemm(ParseResult given) => PrintAll(GemmTable.Run(OptionsOf(given), PaceOf(given, 0.2)));

void Convolution(ParseResult given)
{
    if (given.GetValue(kernels))
    {
        ConvolutionTable.PrintKernels(OptionsOf(given), Console.Out);
        return;
    }
    using var peer = PeerOf(given);
    PrintAll(ConvolutionTable.Run(OptionsOf(given), PaceOf(given, 0.2), peer));
}

void Loops(ParseResult given) => PrintAll(LoopTable.Run(OptionsOf(given), PaceOf(given, 0.1)));

void Compilation(ParseResult given) => PrintAll(CompileTable.Run(OptionsOf(given), PaceOf(given, 0)));

CompileOptions OptionsOf(ParseResult given) =>
    new()
    {
        Threads = given.GetValue(threads),
        Autotune = given.GetValue(autotune),
        Width = given.GetValue(width) is { } bits ? Enum.Parse<VectorWidth>("Bits" + bits) : VectorWidth.Auto,
    };

Pace PaceOf(ParseResult given, double usual) =>
    given.GetValue(quick) ? Pace.Quick : new(given.GetValue(rounds), given.GetValue(seconds) ?? usual);

Peer? PeerOf(ParseResult given) => given.GetValue(peerFile) is { } file ? new(file.FullName, given.GetValue(threads)) : null;

Command Table(string name, string description, Action<ParseResult> print)
{
    var table = new Command(name, description);
    table.SetAction(given => Guarded(given, print));
    return table;
}

static int Guarded(ParseResult given, Action<ParseResult> run)
{
    try
    {
        run(given);
        return 0;
    }
    catch (Exception e) when (e is GraphException or InvalidOperationException)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }
}

static void PrintAll<T>(IEnumerable<T> lines)
{
    foreach (var line in lines)
        Text.Print(line);
}

static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };
