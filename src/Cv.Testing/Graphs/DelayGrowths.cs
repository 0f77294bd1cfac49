using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Lists the ways to grow by what waits: a value that is made, or made again, when another one is there.</summary>
static class DelayGrowths
{
    public static ImmutableArray<Growth> All { get; } =
    [
        new("delay", n => n.Any() is var x && n.Any() is var until ? x.Delay(until).Sin() : null),
        new("delay of what is read twice", n => n.Any() is var x && n.Any() is var until ? x * x.Tanh().Delay(until * 0.5) : null),
    ];
}
