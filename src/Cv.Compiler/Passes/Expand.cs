using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Replaces ops that have no kernel of their own by their definition in terms of ops that have (<see cref="Op.Expand"/>).</summary>
static class Expand
{
    const int Rounds = 64; // what holds others, checkpoints say, may be as deep

    public static Graph Run(Graph graph)
    {
        for (int round = 0; round < Rounds && graph.Nodes.Any(e => e.Op.Expand(e) is not null); round++)
            graph = graph.Rewrite(e => e.Op.Expand(e));
        return graph;
    }
}
