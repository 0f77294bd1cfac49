using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Moves the states of a <see cref="PlateauSchedule"/> as validation losses come.</summary>
static class Plateau
{
    /// <summary>Checks that a state holds what the schedule reads.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    public static void Check(PlateauSchedule schedule, ModelState state)
    {
        if (!state.Contains(Id(schedule.Scale)))
            throw new ArgumentException(
                $"training: a plateau must be the learning rate of the program that is trained; its state has no \"{Id(schedule.Scale)}\". Give the optimiser this schedule.",
                nameof(state)
            );
    }

    /// <summary>Notes an epoch's validation loss; lowers the rate after as many epochs without a lower one as the schedule has patience.</summary>
    public static void Observe(PlateauSchedule schedule, ModelState state, double loss)
    {
        string[] names = [Id(schedule.Scale), Id(schedule.Lowest), Id(schedule.Waited)];
        using var claims = StateClaims.Take(changed: state, read: null, names.Contains);
        ref double scale = ref state[Id(schedule.Scale)].AsSpan<double>()[0];
        ref double lowest = ref state[Id(schedule.Lowest)].AsSpan<double>()[0];
        ref int waited = ref state[Id(schedule.Waited)].AsSpan<int>()[0];
        waited = loss < lowest ? 0 : waited + 1;
        lowest = Math.Min(lowest, loss);
        if (waited < schedule.Patience)
            return;
        scale *= schedule.Decay;
        waited = 0;
    }

    static string Id(Expr state) => ((State)state.Op).Id;
}
