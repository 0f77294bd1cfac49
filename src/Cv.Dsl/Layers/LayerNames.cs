namespace Cv.Dsl;

/// <summary>Checks the names that were chosen for layers.</summary>
static class LayerNames
{
    /// <summary>Checks that a name somebody chose is not a layer's of the model already.</summary>
    public static void CheckFree(string op, Model model, string? name, string share, string part = "w")
    {
        if (name is not null && model.Parameters.Any(p => ((Parameter)p.Op).Id == $"{name}.{part}"))
            throw new GraphException(
                $"{op}: a layer's name must be its own; the model already has \"{name}.{part}\". Choose another, or share on purpose: {share}."
            );
    }
}
